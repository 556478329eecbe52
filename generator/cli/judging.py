"""Which detectors a run trains, what each is given, and how each is judged: results in files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from generator.balance.real import read_tags, tagged
from generator.base.draw import Draw
from generator.cli.depths import depth_scores, painted_frames
from generator.cli.identities import Contents, contents, identity, is_of, made_of, of_part, of_values
from generator.cli.preparing import harmonized
from generator.cli.project import Project
from generator.dataset.atomic import write_json
from generator.dataset.examples import Source
from generator.dataset.keypoints import keypoints_of
from generator.dataset.subset import Part, chosen, keys_of
from generator.mix.pruning import objects_of
from generator.mix.recipes import phases, real_share, sources_of
from generator.mix.traits import tags_of
from generator.spec.load import near
from generator.spec.training import RealSource, Train

if TYPE_CHECKING:
    from generator.train.result import Judged, Result, Where
    from generator.train.score import Evaluation

Tags = dict[str, list[int]]
PHOTOGRAPHS = ("test", "val")
PROGRAMS = ("generator", "torch", "torchvision", "pycocotools", "numpy")


@dataclass(frozen=True)
class Lot:
    """One detector to train: arm, seed, and the parts of the real labels and synthetic pictures that it is given."""

    arm: str
    seed: int
    real: float = 1.0
    synthetic: float = 1.0

    @property
    def name(self) -> str:
        from generator.train.result import folder_name

        return folder_name(self.arm, self.seed, self.real, self.synthetic)

    def given(self, found: Mapping[str, Source], real_scenes: Sequence[str]) -> dict[str, Source]:
        """The parts of the sources. Which pictures they are depends on seed and share alone, so all arms of one seed
        get the same."""
        parts = self._parts(found, real_scenes)
        return {name: Part(one, parts[name]) if name in parts else one for name, one in found.items()}

    def identities(
        self, known: Mapping[str, str], found: Mapping[str, Source], real_scenes: Sequence[str]
    ) -> dict[str, str]:
        """Hashes of what it is given, from those of the whole sources."""
        parts = self._parts(found, real_scenes)
        return {name: of_part(one, parts[name]) if name in parts else one for name, one in known.items()}

    def _parts(self, found: Mapping[str, Source], real_scenes: Sequence[str]) -> dict[str, list[int]]:
        """By source, the examples that it is given where these are not all."""
        shares = {"real": self.real, "synthetic": self.synthetic}
        scenes = {name: real_scenes if name == "real" else keys_of(found[name]) for name in found if shares[name] < 1}
        return {name: chosen(of, shares[name], Draw(self.seed) / "share" / name) for name, of in scenes.items()}


def lots(spec: Train) -> list[Lot]:
    """Every arm with all it can get, then the arms that learn from photographs on each share of those, and those that
    learn from synthetic pictures on each share of these; each with every seed."""
    found = []
    for arm in spec.arms:
        used = sources_of(phases(arm, spec))
        shares = [(1.0, 1.0)]
        shares += [(share, 1.0) for share in sorted(spec.label_shares, reverse=True) if "real" in used]
        shares += [(1.0, share) for share in sorted(spec.synthetic_shares, reverse=True) if "synthetic" in used]
        found += [(arm, *pair) for pair in dict.fromkeys(shares)]
    return [Lot(arm, seed, real, synthetic) for arm, real, synthetic in found for seed in range(spec.seeds)]


@dataclass(frozen=True)
class Bench:
    """What detectors are judged on: real test photographs and painted validation frames, as far as there are any."""

    project: Project

    @cached_property
    def val(self) -> Source | None:
        return self.project.real(self.project.config.real.val) if self.project.config.real else None

    @cached_property
    def test(self) -> Source | None:
        return self.project.real(self.project.config.real.test) if self.project.config.real else None

    @cached_property
    def photographs(self) -> dict[str, Contents]:
        """Of the test and of the validation photographs."""
        return {name: contents(one) for name, one in (("test", self.test), ("val", self.val)) if one is not None}

    @cached_property
    def scenes(self) -> list[str]:
        """Of the test photographs."""
        return (
            scenes_of_real(self.test, self.project.config.real.test) if self.test and self.project.config.real else []
        )

    @cached_property
    def tags(self) -> Tags:
        """Of the test photographs: the spec's edge cases as annotations and pixels tell them, and the table's."""
        if self.test is None or self.project.config.real is None:
            return {}
        table = self.project.config.real.test.tags
        told = read_tags(near(self.project.path, table)) if table else None
        found = tagged(self.test, self.project.spec.edge_cases, told)
        return {tag: found.column(tag).nonzero()[0].tolist() for tag in found.tags}

    @cached_property
    def painted(self) -> Source | None:
        """Validation frames that the selection keeps, after the rules for those that are learned from."""
        config = self.project.config
        found = painted_frames(config.train, self.project.dataset, "val", self.project.selection)
        if not len(found) or config.train is None:
            return found if len(found) else None
        return harmonized(found, config.train, self.project.real_classes if config.real else ())

    @cached_property
    def painted_tags(self) -> Tags:
        tags = tags_of(self.painted) if self.painted else []
        return {tag: [k for k, own in enumerate(tags) if tag in own] for tag in sorted({*chain.from_iterable(tags)})}

    @cached_property
    def identities(self) -> dict[str, str]:
        """Hashes of all that decides a judgement besides the detector: pictures with labels, scenes and tags. `val` is
        where thresholds are chosen."""
        sources = {"test": self.test, "val": self.val, "painted": self.painted}
        read = {name: one.identity for name, one in self.photographs.items()}
        found = {
            name: of_values(source.classes, keys_of(source), keypoints_of(source), read.get(name) or identity(source))
            for name, source in sources.items() if source is not None
        }  # fmt: skip
        if self.project.config.train and self.project.config.train.model == "depth":
            return found
        return found | {"scenes": of_values(self.scenes), "tags": of_values(self.tags, self.painted_tags)}


def scenes_of_real(source: Source, said: RealSource | None) -> list[str]:
    """The scene of each photograph of a source: blocks of neighbours of one video."""
    from generator.train.slices import scenes_of

    keys = keys_of(source)
    return scenes_of(keys, said.sequence, said.block) if said else scenes_of(keys)


def judge(bench: Bench, lot: Lot, given: Mapping[str, Source], checkpoint: Path, seconds: Mapping[str, float]) -> None:
    """Write ``result.json`` beside a checkpoint, and ``evaluation.json`` with all detections in the test photographs,
    unless they are newer than it and of the same pictures, labels, scenes and tags. `given` is what the detector
    learned from, `seconds` what that took."""
    from generator.report.results import read_json
    from generator.train.result import NAME

    spec, stored = bench.project.config.train, checkpoint.parent / NAME
    if spec is None or (bench.test is None and bench.painted is None):
        return
    trained_before = _fresh(stored, checkpoint)
    if trained_before and is_of(stored, bench.identities):
        return
    if trained_before:
        seconds = (read_json(stored) or {}).get("times", seconds)
    with made_of(stored, bench.identities):
        if spec.model != "depth":
            _note_forgetting(bench, checkpoint)
        _result(bench, spec, lot, given, checkpoint, seconds).save(stored)


def _result(
    bench: Bench, spec: Train, lot: Lot, given: Mapping[str, Source], checkpoint: Path, seconds: Mapping[str, float]
) -> "Result":
    from generator.train.result import Result

    tells_depth = spec.model == "depth"
    used = {name: given[name] for name in sources_of(phases(lot.arm, spec))}
    return Result(
        run=bench.project.config.run,
        arm=lot.arm,
        seed=lot.seed,
        real_share=lot.real,
        synthetic_share=lot.synthetic,
        steps=spec.steps,
        batch=spec.batch,
        sizes={name: len(source) for name, source in used.items()},
        labels={name: sum(objects_of(source)) for name, source in used.items()},
        scores={} if tells_depth else _scores(bench, checkpoint),
        depth=depth_scores(bench.test, bench.painted, checkpoint) if tells_depth else {},
        config=spec.model_dump(mode="json") | {"real_share": real_share(spec, len(given.get("real", ())))},
        times={name: round(spent, 1) for name, spent in seconds.items()},
        versions={**{name: version(name) for name in PROGRAMS}, "numbers": _numbers(checkpoint)},
    )


def _numbers(checkpoint: Path) -> str:
    from generator.train import checkpoint as checkpoints

    return str(checkpoints.load(checkpoint).get("numbers", "not recorded"))


def _note_forgetting(bench: Bench, checkpoint: Path) -> None:
    """Where there was a first phase, ``forgetting.json``: each class before and after the last one."""
    from generator.train.forgetting import forgetting

    before = checkpoint.parent / "pretrain.pt"
    places = {"photographs": bench.test, "painted": bench.painted}
    sources = {name: source for name, source in places.items() if source is not None}
    if before.exists():
        write_json(
            checkpoint.parent / "forgetting.json", forgetting(before, checkpoint, sources).model_dump(mode="json")
        )


def _scores(bench: Bench, checkpoint: Path) -> "dict[Where, Judged]":
    """On everything there is. The threshold that the real validation photographs choose is used on painted frames too.
    A detector of other classes than the painted frames' is not judged on those."""
    from generator.train import checkpoint as checkpoints
    from generator.train.evaluate import evaluate
    from generator.train.result import Judged

    scores: dict[Where, Judged] = {}
    threshold = None
    if bench.test is not None:
        found = _on_photographs(bench, bench.test, checkpoint)
        threshold = found.threshold
        scores["real"] = Judged.of(bench.test, found, bench.scenes, bench.tags)
    if bench.painted is not None and tuple(checkpoints.load(checkpoint)["classes"]) == bench.painted.classes:
        found = evaluate(checkpoint, bench.painted, threshold)
        scores["synthetic"] = Judged.of(bench.painted, found, keys_of(bench.painted), bench.painted_tags)
    return scores


def _on_photographs(bench: Bench, test: Source, checkpoint: Path) -> "Evaluation":
    from generator.train.evaluate import choose_threshold, evaluate
    from generator.train.score import Evaluation

    done = checkpoint.parent / "evaluation.json"
    photographs = {name: one for name, one in bench.identities.items() if name in PHOTOGRAPHS}
    if _fresh(done, checkpoint) and is_of(done, photographs):
        return Evaluation.model_validate_json(done.read_bytes())
    with made_of(done, photographs):
        found = evaluate(checkpoint, test, choose_threshold(checkpoint, bench.val) if bench.val else None)
        write_json(done, found.model_dump(mode="json"))
    return found


def _fresh(path: Path, checkpoint: Path) -> bool:
    return path.exists() and path.stat().st_mtime >= checkpoint.stat().st_mtime
