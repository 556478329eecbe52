"""What people call things, and the shapes that show them."""

import pytest
import yaml

from generator.assets.shapes import SHAPES, label_of
from generator.assets.shapes.words import ALSO, APART, called, meaning, meant
from generator.base.errors import AssetError
from generator.fitting.template import scene_text, targets, unlike


@pytest.mark.parametrize(
    ("label", "shapes"),
    [
        ("mug", {"mug", "mug_tapered", "mug_wide"}),
        ("Cups", {"mug", "mug_tapered", "mug_wide"}),
        ("cube", {"box"}),
        ("wine glass", {"glass_wine"}),
        ("Wine-Glasses", {"glass_wine"}),
        ("glasses", {"spectacles"}),
        ("knives", {"knife", "knife_chef"}),
        ("shelves", {"shelf"}),
        ("sports ball", {"ball", "ball_basket", "ball_rugby", "ball_tennis"}),
        ("chair*", {"chair", "chair_arms", "chair_office"}),
        ("car", {"car"}),
        ("buses", {"car_bus"}),
        ("lorry", {"car_truck"}),
        ("pot", {"pot"}),
        ("potted plant", {"pot_plant"}),
        ("giraffe", set()),
    ],
)
def test_a_label_is_shown_by_the_shapes_that_people_would_expect(label: str, shapes: set[str]) -> None:
    assert set(called(label)) == shapes


def test_every_shape_is_called_by_its_name_and_by_that_of_its_class() -> None:
    for name in SHAPES:
        assert name in called(name.replace("_", " "))
        assert name in called(label_of(name)) or frozenset(name.split("_")) in APART


def test_every_other_word_is_of_a_shape_and_is_none_itself() -> None:
    for word in ALSO:
        assert called(word), word
        assert word not in {label_of(name) for name in SHAPES} | {name.replace("_", " ") for name in SHAPES}


def test_a_cup_is_a_mug_called_otherwise() -> None:
    (cup,) = targets(["cup"], None)
    assert cup.label == "cup" and cup.asset == {"shape": ["mug", "mug_tapered", "mug_wide"]}
    assert meaning("cup") == {"mug"}


@pytest.mark.parametrize("label", ["cup", "cone", "traffic_cone", "cube", "spoons", "key", "ball"])
def test_what_is_never_annotated_shows_none_of_the_classes(label: str) -> None:
    scene = yaml.safe_load(scene_text("some", targets([label], None), (320, 240)))
    shown = {name: group["asset"]["shape"] for name, group in scene["objects"].items() if group["label"] == "none"}
    assert shown.keys() == {"walls", "neighbours", "blocks", "flying", "occluders"}
    shapes = {shape for name in shown.keys() - {"walls"} for shape in shown[name]}  # walls are flat, wide and high
    classes = {label_of(name) for name in called(label)} | set(called(label)) | {label}
    assert not {shape for shape in shapes if {shape, *shape.split("_")} & classes}
    assert unlike(["cone", "cup"], ["cone", "cup"]) == ["polyhedron"]


def test_words_of_people_are_suggestions() -> None:
    assert meant("couch") == " (did you mean 'sofa'?)"
    assert meant("mgu") == " (did you mean 'mug'?)"
    with pytest.raises(AssetError, match=r"no shape shows a 'giraffe' .*, 'mugg' .*did you mean 'mug'.*--assets"):
        targets(["giraffe", "cup", "mugg"], None)


def test_no_shape_shows_two_classes() -> None:
    with pytest.raises(AssetError, match="'cup' and 'mug' are both shown by mug, mug_tapered, mug_wide; leave one"):
        targets(["cup", "car", "mug"], None)
    assert [one.asset["shape"] for one in targets(["car", "bus"], None)] == [["car"], ["car_bus"]]
