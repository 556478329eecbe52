"""The page holds the run's numbers and nothing from elsewhere."""

import json
from html.parser import HTMLParser
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pytest
from results_of import Photographs as Recalled
from results_of import result_of
from verdicts import FOUND, LABEL, Photographs, labelled, photograph

from generator.assets.store import AssetStore
from generator.balance.check import check
from generator.balance.plan import Looked, plan
from generator.base.errors import DatasetError
from generator.cli.learning import report
from generator.dataset.atomic import write_json
from generator.dataset.selection import SELECTION
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.report.page import write_report
from generator.report.results import MEASURES, Trained, read_trained, table, worths
from generator.report.sheet import CAPTION, GAP, chosen, frame_sheet
from generator.report.showing import caveats, origin
from generator.spec.balancing import Balance
from generator.spec.config import RunConfig
from generator.spec.training import Train
from generator.train.score import Detection, Detections, score

RULES = Balance(caps={"near": 0.5}, floors={"near": 0.1})
VOID = {"meta", "img", "br", "link", "input", "hr"}


@pytest.fixture
def run(tmp_path: Path, store: AssetStore) -> Path:
    """A run with everything: twelve frames, one of them in quarantine, two arms, two seeds each."""
    manifest = Manifest(scene="balls", spec="5" * 64, assets="a" * 64, seed=0, classes=(LABEL,), size=(160, 120),
                        labels=(), versions={"painter": "normals 1.5"})  # fmt: skip
    dataset = Dataset.create_or_check(tmp_path / "dataset", manifest)
    writer = ShardWriter(dataset.folder, 0, ())
    seen = plan(look, "train", 12, RULES, (LABEL,), 0)
    seen.save(dataset.folder / "plan-train.json")
    for ticket in seen.tickets:
        frame, sample = labelled(store, ticket.index, 1 + ticket.index % 3)
        audit = {
            "compared": 19200.0,
            "disagree": float(ticket.index),
            "inner": 0.0,
            "depth_error": 3e-7,
            "overlap": 1.0,
        }
        if ticket.index == 5:
            writer.reject("train", sample, "<script>alert(1)</script>", audit=audit)
        else:
            tags = ("near",) if ticket.index % 3 == 0 else ()
            writer.add("train", frame, sample, facts={}, tags=tags, planned=ticket.tags, audit=audit)
    writer.commit()
    opened = Dataset.open(dataset.folder)
    check(opened, RULES).save(dataset.folder / SELECTION)
    painting = {"painted": 11, "quarantined": {"train 5": "x"}, "looked": 12, "seconds": {"render": 24.0, "label": 6.0},
                "memory": 512.0, "device": "cpu", "deaths": 0}  # fmt: skip
    write_json(dataset.folder / "painting.json", painting)
    write_json(tmp_path / "config.json", config().model_dump(mode="json"))
    for arm, seed, count in (("synthetic", 0, 5), ("synthetic", 1, 1), ("mixed", 0, 3), ("mixed", 1, 5)):
        trained(tmp_path / "train" / f"{arm}-{seed}", FOUND[:count])
    return tmp_path


def look(indices: Any) -> list[Looked]:
    return [Looked(i, ("near",) if i % 3 == 0 else (), {LABEL: 1 + i % 3}) for i in indices]


def config() -> RunConfig:
    real = {"labels": "photos/test.json", "crop": [0, 0, 50, 50]}
    train = {"arms": ["synthetic", "mixed"], "steps": 20, "batch": 4, "real_share": 0.25, "seeds": 2}
    return RunConfig.model_validate(
        {"run": "balls", "scene": "balls.yaml", "frames": {"train": 12}, "size": [160, 120], "train": train,
         "balance": RULES.model_dump(), "real": {"train": real, "test": {**real, "crop": [50, 0, 99, 50]}}}
    )  # fmt: skip


def trained(folder: Path, found: tuple[Detection, ...]) -> None:
    evaluation = score(Photographs(), [Detections(key=photograph().key, items=found)], 0.5)
    write_json(folder / "evaluation.json", evaluation.model_dump(mode="json"))
    log = [{"step": k, "loss_mask": 2 / (k + 1), "loss_classifier": 1.0} for k in range(20)]
    (folder / "log.jsonl").write_text("".join(json.dumps(step) + "\n" for step in log))


def test_a_page_tells_the_samples_that_were_drawn() -> None:
    """With `auto`, no photograph more than 50 times."""
    log = tuple({"loss": 1.0} for _ in range(1000))
    spec = Train(arms=("mixed",), steps=1000, batch=4)
    for photographs in (6, 400):
        row = table([Trained("mixed", 0, None, log)], spec, {"synthetic": 400, "real": photographs}, 30)[0]
        expected = min(50 * photographs, 2000)
        assert row.seen == {"real": expected, "synthetic": 4000 - expected} and row.real_labels == 30
    assert table([Trained("mixed", 0, None, log)], spec, {"synthetic": 400, "real": 0}, None)[0].seen is None


@pytest.mark.parametrize(("settings", "said"), [
    ({}, "ImageNet"), ({"weights": "none"}, "random"), ({"backbone": "mobilenet_v3"}, "random"),
    ({"backbone": "resnet50", "weights": "imagenet"}, "ImageNet"), ({"init": "a.pt"}, "the weights in a.pt"),
])  # fmt: skip
def test_a_page_tells_the_weights_that_training_began_from(settings: dict[str, str], said: str) -> None:
    assert origin(Train(**settings)).startswith(said)


class Reader(HTMLParser):
    """Collects text, tags and everything that a browser would load; insists that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names) and not any(name.startswith("on") for name in names)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_one_file_with_nothing_from_elsewhere(run: Path) -> None:
    path = write_report(run, Photographs(), Photographs())
    text = path.read_text()
    page = Reader(text)
    assert path == run / "report.html"
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert page.loads and all(load.startswith(("data:image/", "#")) for load in page.loads)
    assert "url(" not in text and "@import" not in text and "http" not in text.replace("http-equiv", "")
    assert text == write_report(run, Photographs(), Photographs()).read_text()


def test_the_page_shows_the_numbers_of_the_run(run: Path) -> None:
    page = Reader(write_report(run, Photographs(), Photographs()).read_text()).text
    runs = read_trained(run)
    assert [(one.arm, one.seed) for one in runs] == [("synthetic", 0), ("synthetic", 1), ("mixed", 0), ("mixed", 1)]
    for arm in (runs[:2], runs[2:]):
        for name, measure in MEASURES.items():
            if name.startswith(("keypoint", "PCK")):  # these have none
                continue
            values = [measure(one.evaluation) for one in arm if one.evaluation]
            assert f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" in page
    assert "Found 2 of 3 in a real photograph" in page
    assert "2 of 3 found, 2 false alarms, 1 missed" in page
    kept = len(json.loads((run / "dataset" / SELECTION).read_text())["kept"])
    assert f"{kept} images that did not exist before" in page
    assert "80 synthetic" in page and "20 real + 60 synthetic" in page  # 20 steps of 4, a quarter of them real
    assert (
        "2.50 s of one worker" in page and "2 s (80%)" in page and "0.5 s (20%)" in page
    )  # 24 s and 6 s over 12 frames
    disagree = sum(i for i in range(12) if i != 5)
    assert f"{disagree} of 211,200 pixels disagree ({100 * disagree / 211200:.4f} %)" in page
    assert "cap 50%" in page and "floor 10%" in page
    assert "normals 1.5" in page and "5" * 64 in page
    assert "not recorded" in page  # the wall time is not in painting.json


def test_the_chart_shows_limits_that_follow_from_how_often_an_edge_case_really_occurs(run: Path) -> None:
    dataset = Dataset.open(run / "dataset")
    check(dataset, Balance(prevalence={"near": 0.04}, edge_cap=0.43)).save(dataset.folder / SELECTION)
    shown = Reader(write_report(run).read_text()).text
    assert "cap 43%" in shown and "floor 20%" in shown and "cap 50%" not in shown


def test_names_are_text_and_never_markup(run: Path) -> None:
    text = write_report(run, Photographs(), Photographs()).read_text()
    assert LABEL not in text and "<script" not in text and "photo <1>" not in text
    page = Reader(text).text
    assert LABEL in page and "<script>alert(1)</script>" in page and "photo <1>" in page


def test_what_is_missing_is_said_to_be_missing(run: Path) -> None:
    for path in [*run.glob("train/*/*"), run / "config.json", run / "dataset" / "painting.json",
                 run / "dataset" / "plan-train.json", run / "dataset" / SELECTION]:  # fmt: skip
        path.unlink()
    for folder in (*run.glob("train/*"), run / "train"):
        folder.rmdir()
    page = Reader(write_report(run).read_text()).text
    for words in ("No detector was trained", "No plan is at hand", "not yet selected", "no training logs",
                  "How long painting took was not recorded"):  # fmt: skip
        assert words in page
    assert "11 labelled pictures" in page


def test_half_a_record_of_painting_is_enough(run: Path) -> None:
    write_json(run / "dataset" / "painting.json", {"painted": 2, "seconds": {"render": 5.0}})
    page = Reader(write_report(run, Photographs()).read_text()).text
    assert "2.50 s of one worker" in page and "device not recorded" in page


def test_detectors_without_a_data_set_make_a_page_too(tmp_path: Path) -> None:
    trained(tmp_path / "train" / "synthetic-0", FOUND)
    page = Reader(write_report(tmp_path, Photographs()).read_text()).text
    assert "Found 2 of 3" in page and "There are no painted frames." in page
    assert "there is nothing to compare it with" in page


@pytest.mark.parametrize(("arm", "said"), [
    ("synthetic", ", and on no real photograph, beginning with"), ("mixed", ", mixed with real photographs."),
    ("replay", ", and then on real photographs."), ("real", ": none of them were used by the arm shown here."),
])  # fmt: skip
def test_the_page_says_what_the_arm_that_it_shows_made_of_the_frames(run: Path, arm: str, said: str) -> None:
    rmtree(run / "train")
    trained(run / "train" / f"{arm}-0", FOUND)
    page = Reader(write_report(run, Photographs()).read_text()).text
    assert f"images that did not exist before {said}" in page


def test_results_are_compared_only_where_each_place_has_some(tmp_path: Path) -> None:
    """Whatever is named must be on the page, or there is none."""
    one = result_of(Recalled(), "real", 0, 0.6)
    one.save(tmp_path / "a" / "result.json")
    (tmp_path / "none").mkdir()
    page, here = tmp_path / "page.html", str(tmp_path / "a")
    for other, said in (
        (tmp_path / "b", "b: no such"),
        (tmp_path / "none", "none: no result.json"),
        ("s3://x/y", "URL"),
    ):
        with pytest.raises(DatasetError, match=said):
            report([here, str(other)], page)
    with pytest.raises(DatasetError, match="b: no such"):
        report([str(tmp_path / "b")], page)
    assert not page.exists()
    report([str(tmp_path / "a" / "result.json")])
    assert (tmp_path / "a" / "results.html").exists()


def test_nothing_and_damage_are_errors(tmp_path: Path, run: Path) -> None:
    with pytest.raises(DatasetError, match="neither a data set nor a detector"):
        write_report(tmp_path / "empty")
    (run / "train" / "mixed-0" / "evaluation.json").write_text('{"source": 1}')
    with pytest.raises(DatasetError, match="mixed-0"):
        write_report(run)


def test_differences_are_taken_seed_by_seed(run: Path) -> None:
    (one,) = worths(read_trained(run))
    assert (one.better, one.than) == ("mixed", "synthetic")
    assert one.differences["found"].values == (0.0, 1.0)  # 2 - 2 and 2 - 1
    assert one.differences["found"].text(sign=True) == "+0.5 ± 0.7"


def test_photographs_that_are_in_two_sets_are_told() -> None:
    apart = " ".join(caveats(config(), None, []))
    assert "Test and training photographs are separate parts of the same pictures" in apart and "Beware" not in apart
    real = config().real
    assert real is not None and real.train is not None
    same = real.model_copy(update={"train": real.train.model_copy(update={"crop": (0, 0, 60, 50)})})
    told = " ".join(caveats(config().model_copy(update={"real": same}), None, []))
    assert "Beware: training and test photographs share pixels" in told


def test_a_frame_sheet_shows_every_tag(run: Path) -> None:
    dataset = Dataset.open(run / "dataset")
    frames = chosen(dataset.frames, 4, 0)
    assert len({frame.key for frame in frames}) == 4
    assert {tag for frame in frames for tag in frame.tags} == {"near"}
    assert frames == chosen(list(reversed(dataset.frames)), 4, 0)
    assert len(chosen(dataset.frames, 100, 0)) == len(dataset)
    page = frame_sheet(dataset, 4, columns=2)
    assert page.size == (2 * 480 + GAP, 2 * (360 + CAPTION) + GAP)
