"""Which recipe fits: Parallel Domain's table of seven rows ("how to train with synthetic data"), as data.

Three questions decide: can the labels be aligned, how do the sizes compare, is the synthetic set a general one or made
for rare cases. The budget rule (Poucin et al., ICCVW 2021) says whether synthetic pictures can help at all.
"""

from dataclasses import dataclass
from math import log10
from typing import Literal

from generator.base.errors import TrainError
from generator.mix.recipes import VIEWS, advice, pooled, useful

Sizes = Literal["larger synthetic", "equal", "larger real"]
Kind = Literal["general", "rare"]
Recipe = Literal["finetune", "joint", "not recommended"]
Drawing = Literal["yes", "optional", "no"]
BEST_REAL = (0.5, 0.75)
LEAST_SYNTHETIC = 0.25


@dataclass(frozen=True)
class Row:
    """One row of the table. None in `sizes` or `kind` is any. `real_share` is of the samples seen (joint training);
    `sampling` is what to write for `train.sampling`, where sampling is asked for."""

    aligned: bool
    sizes: Sizes | None
    kind: Kind | None
    recipe: Recipe
    drawing: Drawing
    sampling: Literal["plain", "repeat", "classes"]
    real_share: float | None
    why: str

    def matches(self, aligned: bool, sizes: Sizes, kind: Kind) -> bool:
        return self.aligned == aligned and self.sizes in (None, sizes) and self.kind in (None, kind)


TABLE = (
    Row(True, "larger synthetic", "general", "finetune", "yes", "repeat", None,
        "the synthetic set teaches most where it is evenly balanced; the real one then adapts, sampled so that its "
        "rare classes are not unlearned"),
    Row(True, "larger synthetic", "rare", "finetune", "yes", "repeat", None,
        "with little real data pretraining and fine-tuning give the best results; sampling avoids over-fitting to the "
        "rare classes (a balanced general set would be better still)"),
    Row(True, "equal", "general", "joint", "optional", "plain", 0.5,
        "both sets jointly, in equal parts of every batch; with more real samples, up to 75%, it is often better"),
    Row(True, "equal", "rare", "joint", "yes", "classes", 0.6,
        "both sets jointly; an even distribution over classes keeps the model from the over-sampled rare one"),
    Row(True, "larger real", "general", "not recommended", "no", "plain", 0.75,
        "a general synthetic set smaller than the real one adds next to nothing: make a larger one, or one for the "
        "rare cases"),
    Row(True, "larger real", "rare", "joint", "yes", "classes", 0.75,
        "both sets jointly; the synthetic share must not vanish, and the real set's common classes must not outweigh "
        "the rare one"),
    Row(False, None, None, "finetune", "yes", "repeat", None,
        "labels that differ cannot be mixed: pretrain on the synthetic ones, then exchange the head and fine-tune"),
)  # fmt: skip


@dataclass(frozen=True)
class Situation:
    """What there is: examples of each kind, whether every class is labelled in both, and for what the synthetic ones
    were made."""

    real: int
    synthetic: int
    aligned: bool = True
    kind: Kind = "general"

    @property
    def sizes(self) -> Sizes:
        """Equal within the same order of magnitude: less than the square root of ten times as many."""
        for name, count in (("real", self.real), ("synthetic", self.synthetic)):
            if not count:
                raise TrainError(f"there are no {name} examples to advise about; give some")
        order = log10(self.synthetic / self.real)
        return "equal" if abs(order) < 0.5 else "larger synthetic" if order > 0 else "larger real"


@dataclass(frozen=True)
class Advice:
    """A row of the table with what follows from it for `train:` in a config."""

    situation: Situation
    row: Row
    number: int
    budget: str
    warnings: tuple[str, ...]

    @property
    def settings(self) -> dict[str, object]:
        """Keys of `train:`. A recipe that is not recommended still has some, for whoever insists."""
        if self.row.recipe == "finetune":
            replayed = ["replay"] if self.situation.aligned else []
            return {"arms": [*replayed, "finetune", "real"], "sampling": self.row.sampling}
        arms = {"arms": ["mixed", "real"], "real_share": self.row.real_share}
        return arms | ({"sampling": self.row.sampling} if self.row.drawing != "no" else {})


def advise(situation: Situation, steps: int, batch: int) -> Advice:
    """The row that applies, and what the budget of `steps` batches has to say."""
    fits = [row.matches(situation.aligned, situation.sizes, situation.kind) for row in TABLE]
    number = fits.index(True)
    budget = advice(situation.real, situation.synthetic, steps, batch)
    return Advice(
        situation, TABLE[number], number + 1, budget, tuple(_warnings(situation, TABLE[number], steps, batch))
    )


def _warnings(situation: Situation, row: Row, steps: int, batch: int) -> list[str]:
    found = []
    if row.recipe == "not recommended":
        found.append("mixing is NOT RECOMMENDED here; the settings below are for whoever measures it all the same")
    if useful(steps, batch) <= situation.real:
        enough = VIEWS * situation.real // batch
        found.append(f"within {steps} steps synthetic images are unlikely to help; more than {enough} are needed")
    alone = pooled({"real": situation.real, "synthetic": situation.synthetic})["synthetic"]
    if row.recipe == "joint" and alone < LEAST_SYNTHETIC:
        found.append(f"pooled by size, synthetic samples would be {alone:.0%} and vanish: keep to the share given")
    return found


def questionable(real_share: float) -> str:
    """A warning about a share of real samples outside what worked best in joint training; "" within."""
    low, high = BEST_REAL
    if low <= real_share <= high:
        return ""
    return f"a real share of {real_share:.0%} lies outside {low:.0%} to {high:.0%}, which worked best in joint training"
