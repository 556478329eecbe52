"""Which arms are trained on what, in which phases, and whether synthetic pictures can help at all within a budget."""

from collections.abc import Mapping
from dataclasses import dataclass

from generator.base.errors import TrainError, did_you_mean
from generator.spec.training import Optimizer, Train

VIEWS = 50
HALF = 0.5
MOMENTUM = 0.9


@dataclass(frozen=True)
class Phase:
    """Consecutive steps that learn from one mixture, with a rate schedule of their own.

    shares    parts of the samples seen, per source
    rate      the highest learning rate
    momentum  of SGD; of AdamW the first beta, the decay of the mean of gradients
    """

    name: str
    steps: int
    shares: Mapping[str, float]
    rate: float
    momentum: float = MOMENTUM


def effective(optimizer: Optimizer, momentum: float) -> float:
    """What a gradient moves the weights by in the end, of the rate: 1 / (1 - momentum) for SGD, which sums gradients.
    AdamW takes their mean, whose weights sum to one, so that momentum does not change how far it goes."""
    return 1.0 if optimizer == "adamw" else 1 / (1 - momentum)


def phases(arm: str, spec: Train, photographs: int | None = None) -> tuple[Phase, ...]:
    """What an arm learns from, in `spec.steps` steps in all. `photographs` is how many real ones there are, which
    `real_share: auto` depends on. TrainError for an unknown arm.

    Fine-tuning follows Poucin et al. (ICCVW 2021): an effective rate of a twentieth of the first phase's, nothing
    frozen. With synthetic samples kept in the second phase (Vanherle et al. 2022) less of the first is forgotten.
    """
    if arm not in _SECOND:
        return (Phase("train", spec.steps, shares(arm, real_share(spec, photographs)), spec.highest_rate),)
    first = min(max(round(spec.pretrain * spec.steps), 1), spec.steps - 1)
    synthetic = spec.replayed if arm == "replay" else 0.0
    mixed = {"real": 1.0 - synthetic} | ({"synthetic": synthetic} if synthetic else {})
    pretraining = Phase("pretrain", first, {"synthetic": 1.0}, spec.highest_rate)
    before, after = (effective(spec.optimizer, momentum) for momentum in (MOMENTUM, spec.finetune_momentum))
    rate = pretraining.rate * spec.finetune_rate * before / after
    return pretraining, Phase(arm, spec.steps - first, mixed, rate, spec.finetune_momentum)


def real_share(spec: Train, photographs: int | None = None) -> float:
    """Of the samples that the mixed arm sees, the share of real ones. `auto` is half, however many synthetic pictures
    there are, or so much less that none of the `photographs` is seen more than VIEWS times.

    Six photographs of balloons beside 498 painted frames, 350 steps of 8: box AP 0.575 and 0.568 (two seeds) with a
    tenth of the samples from them, 0.541 with half (-0.030 [-0.056, -0.009]). Where photographs show the very scene
    that is judged, more of them may be better: one photograph of twelve coins beside 400 frames, judged on its other
    half, 0.919 with half of the samples, 0.893 with a tenth, 0.898 with 50 views.
    """
    if spec.real_share != "auto":
        return spec.real_share
    seen = spec.steps * spec.batch
    return HALF if photographs is None else min(HALF, VIEWS * photographs / seen)


_JOINT = ("synthetic", "real", "mixed")
_SECOND = ("finetune", "replay")
ARMS = (*_JOINT, *_SECOND)


def shares(arm: str, real_share: float) -> dict[str, float]:
    """Parts of the samples seen, per source, by an arm of one phase. The mixed arm sees `real_share` real ones, however
    few there are. TrainError for an unknown arm, and for one whose phases differ."""
    arms = {
        "synthetic": {"synthetic": 1.0},
        "real": {"real": 1.0},
        "mixed": {"real": real_share, "synthetic": 1.0 - real_share},
    }
    if arm in _SECOND:
        raise TrainError(f"the arm {arm!r} has two phases, each with shares of its own: ask for its `phases`")
    if arm not in arms:
        raise TrainError(f"unknown arm {arm!r}{did_you_mean(arm, ARMS)}")
    return arms[arm]


def sources_of(plan: tuple[Phase, ...]) -> tuple[str, ...]:
    """The sources that any phase learns from, sorted."""
    return tuple(sorted({name for phase in plan for name, share in phase.shares.items() if share > 0}))


def pooled(sizes: Mapping[str, int], least_synthetic: float = 0.0) -> dict[str, float]:
    """Shares by size, as if all examples lay in one data set, but never fewer than `least_synthetic` synthetic samples,
    so that few synthetic pictures do not vanish among many real ones."""
    total = sum(sizes.values())
    if not total:
        raise TrainError("nothing to pool: every source is empty")
    synthetic = max(sizes.get("synthetic", 0) / total, least_synthetic if sizes.get("synthetic") else 0.0)
    others = total - sizes.get("synthetic", 0)
    rest = {name: (1 - synthetic) * size / others for name, size in sizes.items() if name != "synthetic" and size}
    return rest | ({"synthetic": synthetic} if synthetic else {})


def useful(steps: int, batch: int) -> int:
    """How many different images a budget can use: N = iterations * batch / 50 (Poucin et al., ICCVW 2021)."""
    return steps * batch // VIEWS


def advice(real: int, synthetic: int, steps: int, batch: int) -> str:
    """What the budget rule says, in words.

    Poucin et al. (ICCVW 2021): a detector gains from each image for about 50 views, so steps * batch / 50 images can be
    used; all real ones first, synthetic ones for the rest. Below 50 views of the real ones alone synthetic ones did
    not help there.
    """
    room = useful(steps, batch) - real
    budget = f"{steps} steps of {batch} can use about {useful(steps, batch)} images ({VIEWS} views each)"
    if real and room <= 0:
        return (
            f"{budget}, no more than the {real} real ones: adding synthetic images is unlikely to help here; "
            f"train for more than {-(-VIEWS * real // batch)} steps, or with fewer real images"
        )
    if synthetic > room:
        return f"{budget}: {real} real and {room} of the {synthetic} synthetic ones; rendering more will not help here"
    return f"{budget}: all {real} real and {synthetic} synthetic ones, and {room - synthetic} more rendered could help"
