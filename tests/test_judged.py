"""The page's sections about stored results, and which detectors a config asks for."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError
from results_of import Photographs, found_in, result_of

from generator.base.draw import Draw
from generator.base.errors import DatasetError
from generator.cli.identities import forget_other_data, identity
from generator.cli.judging import Bench, Lot, judge, lots
from generator.dataset.atomic import write_json
from generator.report.judged import judgements
from generator.report.page import write_report
from generator.report.worst import worst
from generator.spec.training import RealSource, Train
from generator.train.forgetting import Change, Forgetting
from generator.train.result import Judged, Result, read
from generator.train.score import Evaluation, score

SOURCE = Photographs()


def store(run: Path, one: Result) -> None:
    one.save(run / "train" / one.name / "result.json")
    found = found_in(SOURCE, 0.6, Draw(one.seed) / one.arm)
    write_json(run / "train" / one.name / "evaluation.json", score(SOURCE, found, 0.5).model_dump(mode="json"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three arms, one of them on a tenth of the labels too, judged on both domains."""
    for arm, recall, seed in (("real", 0.6, 0), ("real", 0.7, 1), ("synthetic", 0.4, 0), ("mixed", 0.8, 0)):
        one = result_of(SOURCE, arm, seed, recall)
        painted = result_of(SOURCE, arm, seed, 0.95).scores["real"]
        store(tmp_path, one.model_copy(update={"scores": {**one.scores, "synthetic": painted}}))
    store(tmp_path, result_of(SOURCE, "real", 0, 0.3, real=0.1))
    return tmp_path


def test_the_page_has_every_section_and_its_numbers(run: Path) -> None:
    write_json(run / "train" / "real-0" / "seen.json", {"real": [3, 5, 0, 4]})
    changes = (Change(name="a", before=0.8, after=0.5), Change(name="b", before=0.5, after=0.6))
    write_json(run / "train" / "mixed-0" / "forgetting.json",
               Forgetting(sources={"painted": changes}).model_dump(mode="json"))  # fmt: skip
    page = write_report(run, SOURCE).read_text()
    assert "<script" not in page and "http://" not in page
    for words in ("How sure the numbers are", "Both domains", "Where it is good and where it is not", "dim (14)",
                  "The worst photographs", "What fine-tuning forgot", "was lost on painted/a", "-0.300",
                  "How often each picture was seen"):  # fmt: skip
        assert words in page, words
    told = judgements(run, SOURCE)
    matrix = told["matrix"]
    twice = [json.loads((run / f"train/real-{k}/result.json").read_text()) for k in (0, 1)]
    assert matrix.ap["real"]["real"] == pytest.approx(np.mean([one["scores"]["real"]["box"]["ap"] for one in twice]))
    assert matrix.shift("synthetic", "real") > 0
    (seen,) = told["seen"]
    assert (seen.least, seen.median, seen.most, seen.never) == (0, 3.5, 5, 1)
    for one in told["confusions"]:
        assert [sum(row) for row in one.counts[:-1]] == np.bincount(
            np.concatenate([example.labels for example in SOURCE.examples]), minlength=3
        )[1:].tolist()


def test_a_run_without_results_says_nothing(tmp_path: Path) -> None:
    assert not any(judgements(tmp_path, None).values()) and not any(judgements(None, None).values())


def test_damaged_notes_are_named(run: Path) -> None:
    (run / "train" / "real-0" / "seen.json").write_text("{")
    with pytest.raises(DatasetError, match=r"seen\.json"):
        judgements(run, SOURCE)
    (run / "train" / "real-0" / "seen.json").unlink()
    (run / "gap.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"gap\.json"):
        judgements(run, SOURCE)


def test_the_worst_photographs_have_the_most_errors_one_of_each_scene() -> None:
    found = found_in(SOURCE, 0.5, Draw(3))
    evaluation = score(SOURCE, found, 0.5)
    scenes = [f"run{k // 5}" for k in range(len(SOURCE))]
    chosen = worst(SOURCE, evaluation, scenes, 4)
    place = {example.key: k for k, example in enumerate(SOURCE.examples)}
    assert len({scenes[place[one.key]] for one in chosen}) == 4
    errors = [one.errors for one in chosen]
    assert errors == sorted(errors, reverse=True)
    missing = [
        len(SOURCE[k].labels) - sum(item.score >= 0.5 and item.box in map(tuple, SOURCE[k].boxes.tolist())
                                    for item in one.items)
        for k, one in enumerate(found)
    ]  # fmt: skip
    assert chosen[0].missed == missing[place[chosen[0].key]]
    assert chosen[0].errors >= max(missing)
    assert chosen[0].picture.shape[1] > 2 * chosen[0].picture.shape[0]


# What is trained


def test_lots_are_arms_by_shares_by_seeds_without_repeats() -> None:
    spec = Train(arms=("real", "mixed", "synthetic"), seeds=2, label_shares=(0.1, 1), synthetic_shares=(0.25,))
    assert [one.name for one in lots(spec)] == [
        "real-0", "real-1", "real-r0.1-0", "real-r0.1-1",
        "mixed-0", "mixed-1", "mixed-r0.1-0", "mixed-r0.1-1", "mixed-s0.25-0", "mixed-s0.25-1",
        "synthetic-0", "synthetic-1", "synthetic-s0.25-0", "synthetic-s0.25-1",
    ]  # fmt: skip
    assert [one.name for one in lots(Train(arms=("finetune",)))] == ["finetune-0"]


def test_all_arms_of_a_seed_get_the_same_labels() -> None:
    scenes = [f"s{k // 5}" for k in range(40)]
    keys = {
        (arm, seed, share): [one.key for one in Lot(arm, seed, real=share).given({"real": SOURCE}, scenes)["real"]]
        for arm in ("real", "mixed") for seed in (0, 1) for share in (0.1, 0.5)
    }  # fmt: skip
    assert keys["real", 0, 0.1] == keys["mixed", 0, 0.1] != keys["real", 1, 0.1]
    assert set(keys["real", 0, 0.1]) < set(keys["real", 0, 0.5]) and len(keys["real", 0, 0.1]) == 4
    assert Lot("real", 0).given({"real": SOURCE}, scenes)["real"] is SOURCE


def test_a_part_is_known_by_the_pictures_in_it() -> None:
    """Other sequences and blocks of the photographs choose others of them."""
    known, found = {"real": "h", "synthetic": "g"}, {"real": SOURCE, "synthetic": Photographs(8)}
    blocks, single = [f"s{k // 5}" for k in range(40)], [f"s{k}" for k in range(40)]
    lot = Lot("mixed", 1, real=0.1)
    given = {str(scenes): lot.given(found, scenes)["real"].chosen for scenes in (blocks, single)}
    assert given[str(blocks)] != given[str(single)]
    assert lot.identities(known, found, blocks) == lot.identities(known, found, list(blocks))
    assert lot.identities(known, found, blocks)["real"] != lot.identities(known, found, single)["real"]
    assert lot.identities(known, found, blocks)["synthetic"] == "g"
    assert Lot("mixed", 1).identities(known, found, blocks) == known
    parts = [Lot("mixed", seed, synthetic=0.5).identities(known, found, blocks)["synthetic"] for seed in (0, 1)]
    assert len({"g", *parts}) == 3


class Masked(Photographs):
    """With masks that are as tall as their boxes, or half as tall below the first row."""

    masks = True

    def __init__(self, whole: bool) -> None:
        super().__init__(4)
        rows = np.arange(160)[:, None]
        for k, one in enumerate(self.examples):
            x0, y0, x1, y1 = (one.boxes[:, at, None, None] for at in range(4))
            masks = (rows >= y0) & (rows < y1) & (rows.T >= x0) & (rows.T < x1)
            masks &= whole | (rows == y0) | (rows > (y0 + y1) / 2)
            self.examples[k] = replace(one, masks=masks)


def test_other_masks_are_other_labels(tmp_path: Path) -> None:
    whole, half, boxes = identity(Masked(True)), identity(Masked(False)), identity(Photographs(4))
    assert identity(Masked(True)) == whole != half and boxes not in (whole, half)
    for masks, earlier in ((False, ""), (True, "trained anew, this once")):
        folder = tmp_path / f"{masks}"
        write_json(folder / "data.json", {"real": boxes})  # as notes without masks were
        (folder / "model.pt").write_text("")
        assert earlier in forget_other_data(folder, {"real": whole, "real.val": "v"}, masks)
        assert (folder / "model.pt").exists() == (not masks)
        (folder / "model.pt").write_text("")
        assert forget_other_data(folder, {"real": whole, "real.val": "v"}, masks) == ""
        assert (folder / "model.pt").exists()
        for other in ({"real": half, "real.val": "v"}, {"real": half, "real.val": "w"}):
            assert forget_other_data(folder, other, masks) == "the data has changed: trained anew"
            assert not (folder / "model.pt").exists()
    write_json(tmp_path / "data.json", {"real": "h share 0.1 of each scene, seed 1"})
    assert "earlier versions" in forget_other_data(tmp_path, {"real": "h part 1"}, False)


def test_a_page_of_other_pictures_says_what_to_do(run: Path) -> None:
    assert judgements(run, SOURCE)["worst"]
    with pytest.raises(DatasetError, match=r"of other pictures than `real.test` names now; run `train` again"):
        judgements(run, Photographs(6))


class Judging:
    """`judge` with a detector that finds six objects of ten, and how often it was run over a source."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.runs, self.thresholds = folder, 0, 0
        (folder / "model.pt").write_text("")
        monkeypatch.setattr("generator.train.evaluate.evaluate", self.evaluate)
        monkeypatch.setattr("generator.train.evaluate.choose_threshold", self.choose)
        monkeypatch.setattr("generator.train.checkpoint.load", lambda path: {"classes": Photographs.classes})

    def evaluate(self, model: Path, source: Photographs, threshold: float | None = None) -> Evaluation:
        self.runs += 1
        return score(source, found_in(source, 0.6, Draw(1)), threshold or 0.5)

    def choose(self, model: Path, source: Photographs) -> float:
        self.thresholds += 1
        return 0.6

    def __call__(self, test: Photographs | None, val: Photographs | None = None, **changed: object) -> tuple[int, int]:
        """How often pictures were looked at for a judgement, and for a threshold."""
        config = SimpleNamespace(run="r", train=Train(arms=("real",)), real=None)
        bench = Bench(SimpleNamespace(config=config, path=Path("c.yaml"), spec=None))
        known = {"test": test, "val": val, "painted": None, "tags": {}, "scenes": [f"{k}" for k in range(len(test))]}
        vars(bench).update(known | changed)
        before = self.runs, self.thresholds
        judge(bench, Lot("real", 0), {"real": SOURCE}, self.folder / "model.pt", {"train": 9.0})
        return self.runs - before[0], self.thresholds - before[1]

    @property
    def result(self) -> Judged:
        return read(self.folder / "result.json").scores["real"]


@pytest.mark.torch
def test_what_is_judged_by_is_noted_and_judged_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, test, val = Judging(tmp_path, monkeypatch), Photographs(6), Photographs(3)
    assert judging(test, val) == (1, 1)
    assert judging(Photographs(6), Photographs(3)) == (0, 0), "the same pictures and labels"
    assert judging(Photographs(9), val) == (1, 1) and judging.result.images == 9
    moved = Photographs(9)
    moved.examples[0] = replace(moved.examples[0], boxes=moved.examples[0].boxes + 1)
    assert judging(moved, val) == (1, 1), "labels"
    named = Photographs(9)
    named.examples[0] = replace(named.examples[0], key="other")
    assert judging(named, val) == (1, 1) and judging.result.keys[0] == "other"
    assert judging(test, Photographs(4)) == (1, 1), "validation photographs"
    assert judging(test) == (1, 0) and judging.result.threshold == 0.5, "no threshold of before"
    assert judging(test, tags={"dim": [0, 2]}) == (0, 0) and judging.result.tags == {"dim": (0, 2)}
    one_video = ["v"] * 6
    assert judging(test, scenes=one_video) == (0, 0) and judging.result.scenes == tuple(one_video)
    assert judging.result.tags == {}
    assert judging(test, painted=SOURCE, painted_tags={}) == (1, 0), "painted frames alone"
    assert read(tmp_path / "result.json").scores.keys() == {"real", "synthetic"}
    assert read(tmp_path / "result.json").times == {"train": 9.0}
    for note in tmp_path.glob("*.of.json"):
        note.unlink()
    assert judging(test, val) == (1, 1), "as runs of earlier versions, which lack them"


@pytest.mark.torch
def test_an_interrupted_judgement_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging, test, other = Judging(tmp_path, monkeypatch), Photographs(6), Photographs(9)
    judging(test)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("generator.train.result.Judged.of", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
        judging(other)
    assert judging(test) == (1, 0) and judging.result.images == 6


@pytest.mark.parametrize(("change", "said"), [
    ({"label_shares": [0.1, 0.1]}, "once"), ({"label_shares": [0]}, "greater than 0"),
    ({"synthetic_shares": [1.5]}, "less than or equal to 1"),
])  # fmt: skip
def test_impossible_shares_are_refused(change: dict[str, list[float]], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Train.model_validate(change)
    assert said in str(caught.value.errors())


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        RealSource.model_validate({"labels": "x.json", "sequence": "(a"})
    assert "no regular expression" in str(caught.value.errors())
