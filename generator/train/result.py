"""One trained detector's outcome in one file: what made it, and how good it is on each set of pictures.

A file holds all that tables, curves, error bars and paired differences need; pictures and weights are not needed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from generator.base.errors import DatasetError
from generator.base.record import Record
from generator.dataset.atomic import canonical, write_bytes
from generator.dataset.examples import Source
from generator.train.comparing import confusion
from generator.train.deptherrors import DepthEvaluation
from generator.train.matching import Kind, Matches, Packed
from generator.train.score import Evaluation, Precision, Scores, judged

NAME = "result.json"
Where = Literal["real", "synthetic"]
Share = Annotated[float, Field(gt=0, le=1)]


class Judged(Scores):
    """One detector on one set of pictures, with what resampling needs in place of the detections.

    keys       of the pictures, in the source's order
    scenes     per picture, the name of its scene: what is drawn together
    tags       per tag, the numbers of the pictures that carry it
    matches    by kind of overlap: bbox, segm where there are masks, and keypoints where there are some
    confusion  (classes + 1)² counts at `threshold`, as `comparing.confusion` gives them; rows are the truth
    """

    keys: tuple[str, ...]
    scenes: tuple[str, ...]
    tags: dict[str, tuple[int, ...]] = {}
    matches: dict[Kind, Packed]
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls, source: Source, evaluation: Evaluation, scenes: Sequence[str], tags: Mapping[str, Sequence[int]]
    ) -> "Judged":
        """TrainError where the evaluation is of other pictures."""
        found, names = evaluation.detections, evaluation.placed.names if evaluation.placed else ()
        examples = judged(source, found, tuple(names))
        scored: dict[Kind, Precision | None] = {"segm": evaluation.mask, "keypoints": evaluation.keypoint}
        kinds: list[Kind] = ["bbox", *(kind for kind, precision in scored.items() if precision)]
        counts = confusion(examples, found, source.classes, evaluation.threshold)
        return cls(
            **{name: getattr(evaluation, name) for name in Scores.model_fields},
            keys=tuple(example.key for example in examples),
            scenes=tuple(scenes),
            tags={name: tuple(some) for name, some in sorted(tags.items())},
            matches={kind: Matches.of(examples, found, source.classes, kind).packed() for kind in kinds},
            confusion=tuple(map(tuple, counts.tolist())),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.matches["bbox"].objects)

    @model_validator(mode="after")
    def _fits(self) -> "Judged":
        lengths = {"keys": len(self.keys), "scenes": len(self.scenes)}
        lengths |= {f"matches.{kind}": one.pictures for kind, one in self.matches.items()}
        wrong = [f"{name} has {n}" for name, n in lengths.items() if n != self.images]
        if wrong or "bbox" not in self.matches:
            raise ValueError(f"{self.images} images, but {', '.join(wrong) or 'no matches.bbox'}")
        if any(not 0 <= k < self.images for some in self.tags.values() for k in some):
            raise ValueError("tags: name pictures that are not there")
        side = len(self.classes) + 1
        if [len(row) for row in self.confusion] != [side] * side:
            raise ValueError(f"confusion: not {side} rows of {side}")
        return self


class Result(Record):
    """One detector.

    run              which experiment it belongs to: scene and photographs
    arm, seed        what it learned from, and the seed of weights, order and subsets
    real_share, synthetic_share
                     the parts of the real labels and of the synthetic pictures that it was given
    sizes, labels    pictures and objects that it was given, per source; a source that it does not use is absent
    scores           by where it was judged: `real` (test photographs), `synthetic` (painted validation frames)
    depth            in place of `scores`, of a model that predicts depth
    config           the settings of training, as the run's config has them
    times, versions  seconds per stage; of programs, and what the training computed in; for the record
    """

    format: Literal[1] = 1
    run: str
    arm: str
    seed: int
    real_share: Share = 1.0
    synthetic_share: Share = 1.0
    steps: int
    batch: int
    sizes: dict[str, int]
    labels: dict[str, int]
    scores: dict[Where, Judged]
    depth: dict[Where, DepthEvaluation] = Field(default={}, exclude_if=lambda value: not value)
    config: dict[str, Any]
    times: dict[str, float] = {}
    versions: dict[str, str] = {}

    @property
    def name(self) -> str:
        """As its folder is called: ARM-SEED, with the shares that are not whole before the seed."""
        return folder_name(self.arm, self.seed, self.real_share, self.synthetic_share)

    def save(self, path: Path) -> None:
        write_bytes(path, canonical(self.model_dump(mode="json")) + b"\n")


def folder_name(arm: str, seed: int, real_share: float = 1.0, synthetic_share: float = 1.0) -> str:
    """``mixed-0``, ``mixed-r0.1-0``, ``synthetic-s0.25-0``."""
    parts = [f"{letter}{share:g}" for letter, share in (("r", real_share), ("s", synthetic_share)) if share != 1]
    return "-".join([arm, *parts, str(seed)])


def read(path: Path) -> Result:
    """Strict: DatasetError, with the file and what is wrong in it, for anything that `save` would not have written."""
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise DatasetError(
            f"{path}: no result of this program: {place}: {first['msg']}{more}; evaluate again"
        ) from error


def read_all(places: Iterable[Path]) -> list[Result]:
    """Of files and of folders with all that is below them: every ``result.json`` and ``*.result.json``, ordered by what
    they are of. DatasetError names a damaged file, and two that are of the same detector."""
    found: dict[tuple[Any, ...], tuple[Result, Path]] = {}
    for place in places:
        for path in [place] if place.is_file() else sorted([*place.rglob(NAME), *place.rglob(f"*.{NAME}")]):
            one = read(path)
            key = (one.run, one.arm, one.real_share, one.synthetic_share, one.seed)
            if key in found and found[key][0] != one:
                raise DatasetError(f"{path}: {one.run} {one.name} is in {found[key][1]} too; keep one of them")
            found[key] = (one, path)
    return [found[key][0] for key in sorted(found)]
