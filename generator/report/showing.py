"""Which detections are shown on the test photographs, and what must be said beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.base.geometry import intersect
from generator.dataset.examples import Source
from generator.report.results import Row, Trained, by_arm
from generator.report.verdicts import Verdict, draw_detections
from generator.spec.config import RunConfig
from generator.spec.training import Real, RealSource, Train
from generator.train.score import Evaluation

PACKAGED = {"efficientnet_lite0"}  # backbones whose weights on ImageNet an installed package carries


@dataclass(frozen=True)
class Shown:
    """A test photograph with one detector's detections."""

    key: str
    verdict: Verdict


def firsts(trained: Sequence[Trained]) -> list[Trained]:
    """Of every arm the first seed that was evaluated: never the one that did best on the test photographs."""
    evaluated = by_arm([one for one in trained if one.evaluation])
    return [runs[0] for runs in evaluated.values()]


def origin(train: Train | None) -> str:
    """The weights that training began from, in words."""
    if train is None:
        return "weights that were not recorded"
    if train.init:
        return f"the weights in {train.init}"
    known = train.weights == "imagenet" or (train.weights == "auto" and train.backbone in PACKAGED)
    return "ImageNet weights in its backbone" if known else "random weights"


def shown(source: Source, evaluation: Evaluation, most: int = 6) -> list[Shown]:
    """The first test photographs with what was found in them at the evaluation's threshold."""
    found = {one.key: one for one in evaluation.detections}
    examples = (source[index] for index in range(min(len(source), most)))
    return [
        Shown(example.key, draw_detections(example, found[example.key].above(evaluation.threshold), source.classes))
        for example in examples
        if example.key in found
    ]


def caveats(config: RunConfig | None, first: Trained | None, rows: Sequence[Row]) -> list[str]:
    """What a careful reader would ask."""
    said = []
    if first and first.evaluation and first.evaluation.objects:
        objects = first.evaluation.objects
        said.append(f"The test set has {objects:,} objects: one more or less found moves recall by {1 / objects:.1%}.")
    if config and config.real:
        said += _shared(config.real)
        if config.train is None or config.train.model != "depth":
            said.append(_threshold(config.real))
    if any(row.seeds == 1 for row in rows):
        said.append("An arm with one seed says nothing about the spread between runs.")
    if rows and "real" not in {row.arm for row in rows}:
        said.append(
            "No detector was trained on real photographs alone, so what the synthetic images add to them is not known."
        )
    return said


def _threshold(real: Real) -> str:
    if real.val is None:
        return "There are no validation photographs: the threshold is the default of 0.5, chosen on nothing."
    return (
        "Every arm's threshold was chosen with the labels of the validation photographs, the synthetic arm's too. "
        "Average precision does not depend on a threshold."
    )


def _shared(real: Real) -> list[str]:
    """Whether the sets of photographs have pictures or even pixels in common."""
    said = []
    for role, other in (("training", real.train), ("validation", real.val)):
        if other is not None and _same_files(other, real.test):
            said.append(
                f"Beware: {role} and test photographs share pixels, so the results flatter."
                if _overlap(other, real.test)
                else f"Test and {role} photographs are separate parts of the same pictures."
            )
    if real.train and real.val and _same_files(real.train, real.val) and _overlap(real.train, real.val):
        said.append(
            "Validation and training photographs share pixels: arms that learn from photographs chose their threshold "
            "on pictures they had seen."
        )
    return said


def _same_files(a: RealSource, b: RealSource) -> bool:
    return (a.labels, a.images) == (b.labels, b.images)


def _overlap(a: RealSource, b: RealSource) -> bool:
    return a.crop is None or b.crop is None or intersect(a.crop, b.crop) is not None
