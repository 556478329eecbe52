"""From a config to the sources that arms are mixed from: labels harmonized, the smallest removed, all of it counted."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from painted import CLASSES, twelve
from PIL import Image

from generator.base.errors import DatasetError, InputError, TrainError
from generator.cli.preparing import noted, photographs, prepare, refuse_other_classes
from generator.dataset.examples import Example
from generator.dataset.sources import SyntheticSource
from generator.dataset.store import Dataset
from generator.dataset.subset import Part
from generator.mix.harmonized import Harmonized
from generator.mix.pruning import Pruned, Size, matching, objects_of, sizes_of, tally, thresholds
from generator.mix.traits import traits_of
from generator.spec.harmonizing import Rules
from generator.spec.training import RealSource, Train

CATEGORIES = ("cup_red", "cup_blue", "bowl", "spoon", "person")
RULES = [{"rename": {"cup_*": "mug"}}, {"to_ignore": ["person"]}]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return twelve(tmp_path_factory.mktemp("data") / "dataset")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two photographs of 20x20: a box of every category in the first, a bowl in the second; and their semantic maps,
    whose upper half is a hand."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "maps").mkdir()
    for k in range(2):
        Image.new("RGB", (20, 20)).save(tmp_path / "photos" / f"{k}.png")
        Image.fromarray(np.repeat([[9], [0]], 10, 0).repeat(20, 1).astype(np.uint8)).save(
            tmp_path / "maps" / f"{k}.png"
        )
    corners = [[2, 5, 10, 5, 10, 15, 2, 15]]
    rows = [{"category_id": k + 1, "image_id": 0} for k in range(5)] + [{"category_id": 3, "image_id": 1}]
    extra = {"segmentation": corners, "bbox": [2, 5, 8, 10]}
    data = {
        "images": [{"id": k, "file_name": f"{k}.png", "width": 20, "height": 20} for k in range(2)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(CATEGORIES)],
        "annotations": [one | extra | {"id": k} for k, one in enumerate(rows)],
    }
    (tmp_path / "photos.json").write_text(json.dumps(data))
    return tmp_path / "photos.json"


def real(labels: Path, rules: object, classes: tuple[str, ...] = CLASSES, semantic: str = "") -> Harmonized:
    source = RealSource(labels=str(labels), semantic=semantic)
    return photographs(labels, source, classes, Rules.model_validate(rules))


def test_rules_of_a_config_rename_by_pattern_and_ignore(labels: Path) -> None:
    source = real(labels, RULES)
    example = source[0]
    assert [CLASSES[k - 1] for k in example.labels] == ["mug", "mug", "bowl", "spoon", "mug"]
    assert example.ignore.tolist() == [False] * 4 + [True]
    assert source.told()[0] == {"rename cup_blue": 1, "rename cup_red": 1, "to_ignore person": 1}


def test_semantic_maps_beside_photographs_split_their_instances(labels: Path) -> None:
    rules = {"rules": [{"split_by_semantic": {"classes": ["bowl"], "semantic": "hand"}}], "semantics": {9: "hand"}}
    source = real(labels, rules, ("bowl", "hand"), str(labels.parent / "maps"))
    assert source[1].labels.tolist() == [1, 2]
    assert source[1].boxes.tolist() == [[2, 10, 10, 15], [2, 5, 10, 10]]
    (labels.parent / "maps" / "1.png").unlink()
    with pytest.raises(DatasetError, match=r"1 pictures have no semantic map, 1\.png"):
        real(labels, rules, ("bowl", "hand"), str(labels.parent / "maps"))


def test_classes_that_neither_labels_nor_rules_have_are_named(labels: Path) -> None:
    with pytest.raises(InputError) as error:
        real(labels, [{"rename": {"persn": "mug"}}], ("mug", "bowll", "spoon"))
    assert "class 'bowll' is not labelled here, and no rule makes it (did you mean 'bowl'?)" in str(error.value)
    assert "a rule changes 'persn', which is not labelled here (did you mean 'person'?)" in str(error.value)
    assert "'mug'" not in str(error.value)


@pytest.mark.parametrize("noting", [True, False])
def test_labels_with_rules_are_read_once_for_their_notes_and_not_without(
    dataset: Dataset, labels: Path, noting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every process that trains prepares the sources again, and needs no notes."""
    read: list[int] = []
    made = SyntheticSource.__getitem__
    monkeypatch.setattr(SyntheticSource, "__getitem__", lambda self, k: read.append(k) or made(self, k))
    rules = {"synthetic": [{"rename": {"mug": "mug"}}], "real": RULES}
    spec = Train.model_validate({"arms": ["synthetic"], "harmonize": rules})
    ready = prepare(dataset, None, real(labels, RULES), spec, Path("c.yaml"), noting=noting)
    assert read == (list(range(len(ready.sources["synthetic"]))) if noting else [])
    if noting:
        assert ready.notes["real"]["shown"] == {"mug": 1, "bowl": 2, "spoon": 1}


@pytest.mark.parametrize("becomes", ["ignore", "background"])
def test_objects_are_told_as_they_are_read(dataset: Dataset, becomes: str) -> None:
    source = SyntheticSource(dataset, "train")
    pruned = Pruned(source, {"mug": 60, "bowl": 20}, becomes)
    boxes = Pruned(source, {"mug": 60, "bowl": 20}, becomes, boxes=True)
    few = SyntheticSource(dataset, "train", smallest=0.5)
    for one in (source, pruned, boxes, few, Part(pruned, [3, 1])):
        assert objects_of(one) == [int((~one[k].ignore).sum()) for k in range(len(one))], one


@pytest.mark.parametrize("becomes", ["ignore", "background"])
def test_the_smallest_are_removed_and_counted(dataset: Dataset, labels: Path, becomes: str) -> None:
    spec = Train(arms=("synthetic", "mixed"), smallest={"default": 0.3, "bowl": 0.6}, smallest_becomes=becomes)
    ready = prepare(dataset, None, real(labels, RULES), spec, Path("c.yaml"))
    source, note = ready.sources["synthetic"], ready.notes["synthetic"]["removed"]
    sizes: dict[str, list[int]] = {}
    for frame in SyntheticSource(dataset, "train").frames:
        for one in frame.annotated:
            sizes.setdefault(one.label, []).append(one.visible_pixels)
    for name, share in (("mug", 0.3), ("bowl", 0.6)):
        if name in sizes:
            row = note["classes"][name]
            assert row["removed"] == sum(pixels < row["pixels"] for pixels in sizes[name])
            assert row["removed"] <= share * len(sizes[name]) < row["removed"] + sizes[name].count(row["pixels"])
    gone = sum(row["removed"] for row in note["classes"].values())
    examples = [source[k] for k in range(len(source))]
    total = sum(map(len, sizes.values()))
    assert sum(len(one.labels) for one in examples) == (total if becomes == "ignore" else total - gone)
    assert sum(int(one.ignore.sum()) for one in examples) == (gone if becomes == "ignore" else 0)
    data = {"synthetic": "a", "real": "b"}
    assert json.loads(json.dumps(noted(ready, ["synthetic"], "", data)))["sources"].keys() == {"synthetic"}
    assert noted(ready, ["real"], "", data)["sources"]["real"]["harmonized"]["to_ignore person"] == 1
    assert any(f"of {len(sizes['bowl'])} bowl below" in line for line in ready.told())


def test_synthetic_labels_are_harmonized_and_keep_their_tags(dataset: Dataset) -> None:
    spec = Train(arms=("synthetic",), harmonize={"synthetic": [{"drop": ["bowl"]}]})
    source = prepare(dataset, None, None, spec, Path("c.yaml")).sources["synthetic"]
    shown = {source.classes[label - 1] for k in range(len(source)) for label in source[k].labels}
    assert "bowl" not in shown and shown
    assert [one.tags for one in traits_of(source)] == [
        frozenset(frame.tags) for frame in SyntheticSource(dataset, "train").frames
    ]


def test_what_needs_photographs_says_so(dataset: Dataset) -> None:
    for spec in (Train(arms=("mixed",)), Train(arms=("synthetic",), smallest="match")):
        with pytest.raises(TrainError, match="need real photographs"):
            prepare(dataset, None, None, spec, Path("c.yaml"))


def test_other_classes_fit_fine_tuning_alone() -> None:
    found = {name: SimpleNamespace(classes=(name,)) for name in ("real", "synthetic")}
    refuse_other_classes(Train(arms=("real", "finetune")), found)
    with pytest.raises(TrainError, match="the arms mixed, replay need the same"):
        refuse_other_classes(Train(arms=("mixed", "finetune", "replay")), found)


# --- traits ---------------------------------------------------------------------------------------------------------


def test_tags_come_through_whatever_is_around_the_frames(dataset: Dataset) -> None:
    source = SyntheticSource(dataset, "train")
    rules = Harmonized(source, Rules.model_validate([{"drop": ["spoon"]}]), source.classes)
    for around in (Pruned(rules, {"mug": 50}), Part(rules, range(12)), Part(Pruned(rules, {}), range(12))):
        assert [one.tags for one in traits_of(around)] == [frozenset(frame.tags) for frame in source.frames]
    assert [bool(one.tags) for one in traits_of(Part(rules, (5, 2)))] == [False, True]


# --- sizes ----------------------------------------------------------------------------------------------------------


def test_matching_cuts_what_the_real_sizes_do_not_have() -> None:
    """Synthetic sizes log-uniform over two decades, real ones over the upper one: the cut is where that begins."""
    rng = np.random.default_rng(0)
    own = [Size("car", int(size), 1_000_000) for size in 10 ** rng.uniform(3, 5, 4000)]
    photographed = [Size("car", int(size / 4), 250_000) for size in 10 ** rng.uniform(4, 5, 1000)]
    cut = matching([*own, Size("cat", 5, 100)], photographed)
    assert cut.keys() == {"car"}
    assert cut["car"] == pytest.approx(10_000, rel=0.15)
    assert matching(photographed, photographed) == {}


def test_sizes_are_told_as_they_are_read(dataset: Dataset, labels: Path) -> None:
    class Other:
        """The same examples, of an unknown kind."""

        def __init__(self, source: SyntheticSource) -> None:
            self.source, self.classes = source, source.classes

        def __len__(self) -> int:
            return len(self.source)

        def __getitem__(self, index: int) -> Example:
            return self.source[index]

    source = SyntheticSource(dataset, "train")
    assert sizes_of(source) == sizes_of(Other(source))
    photos = real(labels, RULES).source
    assert sizes_of(photos) == sizes_of(Other(photos)) and len(sizes_of(photos)) == 6
    cuts = thresholds([(one.name, one.pixels) for one in sizes_of(source)], 0.5)
    removed = sum(row["removed"] for row in tally(sizes_of(source), cuts).values())
    assert removed == sum(int(Pruned(source, cuts)[k].ignore.sum()) for k in range(len(source))) > 0


def test_boxes_are_compared_with_boxes(dataset: Dataset) -> None:
    """Photographs of the very same things, with boxes only: nothing is too small for them, though every mask has fewer
    pixels than its box."""

    class Boxed:
        """The same examples without their masks."""

        def __init__(self, source: SyntheticSource) -> None:
            self.source, self.name, self.classes, self.masks = source, "boxed", source.classes, False

        def __len__(self) -> int:
            return len(self.source)

        def __getitem__(self, index: int) -> Example:
            return replace(self.source[index], masks=None)

    source = SyntheticSource(dataset, "train")
    photographed = Boxed(source)
    assert sizes_of(source, boxes=True) == sizes_of(photographed)
    assert matching(sizes_of(source), sizes_of(photographed)), "discs have fewer pixels than their boxes"
    spec = Train(model="faster_rcnn", arms=("synthetic",), smallest="match")
    prepared = prepare(dataset, None, photographed, spec, Path("config.yaml"))
    assert all(row["removed"] == 0 for row in prepared.notes["synthetic"]["removed"]["classes"].values())
    cut = Pruned(source, {name: 10**9 for name in source.classes}, boxes=True)
    assert all(cut[k].ignore.all() for k in range(len(cut)))
    least = min(one.pixels for one in sizes_of(source, boxes=True))
    assert not any(
        (Pruned(source, dict.fromkeys(source.classes, least), boxes=True)[k].ignore != source[k].ignore).any()
        for k in range(len(source))
    )
