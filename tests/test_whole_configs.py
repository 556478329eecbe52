"""A whole config, from its sources to what is learned: rules, classes, tags, validation."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from painted import twelve
from PIL import Image
from pydantic import ValidationError

from generator.base.errors import DatasetError, TrainError
from generator.cli import training
from generator.cli.judging import Bench, Lot
from generator.cli.preparing import photographs
from generator.dataset.examples import Example, Source
from generator.dataset.sources import PhotoSource, SyntheticSource
from generator.dataset.store import Dataset
from generator.dataset.subset import keys_of
from generator.mix.traits import traits_of
from generator.spec.config import RunConfig
from generator.spec.training import RealSource, Train
from generator.train.augment import Augment


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return twelve(tmp_path_factory.mktemp("data") / "dataset")


class Config:
    """A project of the painted frames and of photographs in a folder of each role, 20x20 pixels of noise, with a mug to
    the left and a bowl to the right."""

    def __init__(self, folder: Path, dataset: Dataset, spec: dict[str, object], roles: tuple[str, ...],
                 **real: object) -> None:  # fmt: skip
        self.path, self.folder, self.dataset, self.selection = folder / "configs/c.yaml", folder / "run", dataset, None
        rng = np.random.default_rng(0)
        for role in roles:
            (folder / role).mkdir(parents=True)
            for k in range(3):
                Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(folder / role / f"{k}.png")
            boxes = [
                {"bbox": [10 * k, 2, 8, 10], "category_id": k + 1, "image_id": p} for k in (0, 1) for p in range(3)
            ]
            data = {
                "images": [{"id": k, "file_name": f"{k}.png", "width": 20, "height": 20} for k in range(3)],
                "categories": [{"id": k + 1, "name": name} for k, name in enumerate(("mug", "bowl"))],
                "annotations": [one | {"id": k} for k, one in enumerate(boxes)],
            }
            (folder / f"{role}.json").write_text(json.dumps(data))
        sources = {role: {"labels": f"{role}.json"} for role in roles}
        sources |= {name: sources.get(name, {}) | value for name, value in real.items() if isinstance(value, dict)}
        self.config = RunConfig.model_validate({
            "run": "r", "scene": "s", "frames": {"train": 1}, "size": [64, 48],
            "real": sources | {"classes": real.get("classes", ["mug", "bowl"])},
            "train": {"model": "faster_rcnn", "steps": 2, "batch": 1, "size": 64, "parallel": 1} | spec,
        })  # fmt: skip
        self.real_classes, self.spec = self.config.real.classes, SimpleNamespace(edge_cases={})

    def real(self, source: RealSource | None) -> object:
        return source and photographs(self.path, source, self.real_classes, self.config.train.harmonize.real)


TWO = {"synthetic": [{"drop": ["spoon"]}]}


def told(*rest: object) -> None: ...


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[training.Work]:
    """What is learned, without learning it."""
    found: list[training.Work] = []
    monkeypatch.setattr(training, "learn", lambda work, report: found.append(work))
    return found


def test_rules_lead_to_the_classes_that_are_judged(tmp_path: Path, dataset: Dataset, learned: list[object]) -> None:
    """With photographs to test by alone; validation frames are judged after the same rules."""
    config = Config(tmp_path, dataset, {"arms": ["synthetic"], "harmonize": TWO}, ("test",))
    training.train(config, told)
    assert learned[0].sources["synthetic"].classes == ("mug", "bowl")
    bench = Bench(config)
    raw = SyntheticSource(dataset, "val")
    spoons = [np.array(raw.classes)[raw[k].labels - 1] != "spoon" for k in range(2)]
    assert bench.painted.classes == ("mug", "bowl") and bench.painted_tags == {"night": [1]}
    assert [len(bench.painted[k].labels) for k in range(2)] == [int(of.sum()) for of in spoons]


@pytest.mark.parametrize(("arm", "fits"), [("synthetic", False), ("mixed", False), ("finetune", True)])
def test_other_classes_are_refused_before_training(
    arm: str, fits: bool, tmp_path: Path, dataset: Dataset, learned: list[object]
) -> None:
    roles = ("test",) if arm == "synthetic" else ("train", "test")
    config = Config(tmp_path, dataset, {"arms": [arm]}, roles)
    if fits:
        training.train(config, told)
    else:
        with pytest.raises(TrainError, match=f"the arms {arm} need the same"):
            training.train(config, told)
    assert len(learned) == fits


def test_what_chooses_is_not_what_judges(tmp_path: Path, dataset: Dataset, learned: list[object]) -> None:
    config = Config(tmp_path, dataset, {"arms": ["synthetic"], "harmonize": TWO}, ("val", "test"))
    training.train(config, told)
    shutil.copy(tmp_path / "test/1.png", tmp_path / "val/2.png")
    with pytest.raises(TrainError, match=r"1 pictures of 'real.val' are also in 'real.test'"):
        training.train(config, told)
    assert len(learned) == 1


def test_what_is_learned_from_and_judged_by_is_read_once(
    tmp_path: Path, dataset: Dataset, learned: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For any number of detectors: identity, leaks and the notes of all of them."""
    rows = {"arms": ["real", "finetune"], "seeds": 2, "validate_every": 1}
    config = Config(tmp_path, dataset, rows, ("train", "val", "test"))
    read = Counter[str]()
    for kind in (SyntheticSource, PhotoSource):

        def get(self: Source, index: int, own: Callable[[Source, int], Example] = kind.__getitem__) -> Example:
            read[f"{self.name} {index}"] += 1
            return own(self, index)

        monkeypatch.setattr(kind, "__getitem__", get)
    training.train(config, told)
    assert set(read.values()) == {1} and len(read) == len(learned[0].sources["synthetic"]) + 9
    assert len(list(tmp_path.glob("run/train/*/data.json"))) == 4


def test_tags_of_photographs_come_from_their_table(tmp_path: Path, dataset: Dataset, learned: list[object]) -> None:
    rows = {"arms": ["mixed"], "harmonize": TWO, "sampling": "even", "axes": {"time": ["night", "day"]}}
    config = Config(tmp_path, dataset, rows, ("train", "test"), train={"tags": "tags.csv"})
    (tmp_path / "tags.csv").write_text("key,tag\n0.png,night\n2.png,day\n")
    training.train(config, told)
    source = learned[0].sources["real"]
    assert [set(one.tags) for one in traits_of(source)] == [{"night"}, set(), {"day"}]
    assert keys_of(source) == ["0.png", "1.png", "2.png"]
    noted = json.loads((tmp_path / "run/train/mixed-0/data.json").read_text())
    assert noted.keys() == {"real", "real.tags", "synthetic"}
    (tmp_path / "tags.csv").write_text("key,tag\n0.png,nihgt\n")
    with pytest.raises(TrainError, match=r"axes.time: no example of any source shows 'day'"):
        training.train(config, told)
    (tmp_path / "tags.csv").write_text("key,tag\n3.png,day\n")
    with pytest.raises(DatasetError, match=r"train.json has no picture '3.png'"):
        training.train(config, told)


def test_weights_chosen_by_other_photographs_are_other_weights(
    tmp_path: Path, dataset: Dataset, learned: list[object]
) -> None:
    train = {"arms": ["synthetic"], "harmonize": TWO, "validate_every": 1}
    config, folder = Config(tmp_path, dataset, train, ("val", "test")), tmp_path / "run/train/synthetic-0"
    training.train(config, told)
    (folder / "model.pt").write_text("")
    training.train(config, told)
    assert (folder / "model.pt").exists()
    (tmp_path / "val.json").write_text((tmp_path / "val.json").read_text().replace("[10, 2", "[11, 2"))
    training.train(config, told)
    assert not (folder / "model.pt").exists()


def test_classes_of_cropped_photographs_are_those_in_the_crop(tmp_path: Path, dataset: Dataset) -> None:
    config = Config(tmp_path, dataset, {}, ("test",), test={"crop": [9, 0, 20, 20]})
    assert [set(one.classes) for one in traits_of(config.real(config.config.real.test))] == [{"bowl"}] * 3


@pytest.mark.torch
def test_pictures_are_learned_from_at_the_scales_of_the_config(
    tmp_path: Path, dataset: Dataset, learned: list[training.Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr("generator.train.loop.train", lambda *rest: seen.append(rest[6]))
    monkeypatch.setattr(training, "judge", lambda *rest: None)
    for more in ({}, {"zoom": [0.4, 3]}):
        config = Config(
            tmp_path / str(len(more)), dataset, {"arms": ["real"], "harmonize": TWO} | more, ("train", "test")
        )
        training.train(config, told)
        learned[-1].do(Lot("real", 0), told)
    assert [augment.zoom for augment in seen] == [(0.75, 1.5), (0.4, 3)]
    assert seen[0] == Augment()


def test_scales_come_smaller_first() -> None:
    with pytest.raises(ValidationError) as caught:
        Train(zoom=(2, 0.5))
    assert "the smaller scale first: [0.5, 2]" in str(caught.value.errors())
