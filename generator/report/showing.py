"""Which detections are shown on the test photographs, and what must be said beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.base.geometry import intersect
from generator.dataset.examples import Source
from generator.report.results import Row, Trained
from generator.report.verdicts import Verdict, draw_detections
from generator.spec.config import Real, RealSource, RunConfig
from generator.train.score import Evaluation


@dataclass(frozen=True)
class Shown:
    """A test photograph with one detector's detections."""

    key: str
    verdict: Verdict


def lead(trained: Sequence[Trained]) -> Trained | None:
    """The detector the page begins with: the first arm (synthetic, if there is one), first seed. Never chosen by how
    well it did on the test photographs."""
    return next((one for one in trained if one.evaluation), None)


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
        if config.real.val is None:
            said.append("There are no validation photographs: the threshold is the default of 0.5, chosen on nothing.")
    if any(row.seeds == 1 for row in rows):
        said.append("An arm with one seed says nothing about the spread between runs.")
    if rows and "real" not in {row.arm for row in rows}:
        said.append(
            "No detector was trained on real photographs alone, so what the synthetic images add to them is not known."
        )
    return said


def _shared(real: Real) -> list[str]:
    """Whether the sets of photographs have pictures or even pixels in common."""
    said = []
    for role, other in (("training", real.train), ("validation", real.val)):
        if other is None or (other.labels, other.images) != (real.test.labels, real.test.images):
            continue
        if _overlap(other, real.test):
            said.append(f"Beware: {role} and test photographs share pixels, so the results flatter.")
        else:
            said.append(f"Test and {role} photographs are separate parts of the same pictures.")
    return said


def _overlap(a: RealSource, b: RealSource) -> bool:
    return a.crop is None or b.crop is None or intersect(a.crop, b.crop) is not None
