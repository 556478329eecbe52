"""What cannot be placed, and what cannot be asked for, in words."""

from functools import partial

import pytest
from placement import Make, Write, sampler_of

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.errors import InputError, PlacementError
from generator.spec.assets import Shapes, matched, weighted
from generator.spec.load import load_scene


@pytest.fixture
def filled(write: Write, store: AssetStore) -> Make:
    return partial(sampler_of, write, store)


BOX = "asset: {shape: box}, label: none, rotation: none"
SKIP = ", or leave it out with `short: skip`"
GOLDEN = [
    (
        f"a: {{{BOX}, place: {{at: [0, 0, 1]}}}}, b: {{{BOX}, place: {{at: [0.5, 0, 1]}}}}",
        "no room for b/0 (shape/box, 1.73 m across) at its position after 1 try (1 too near a/0) with 1 a placed; "
        "move it, lower `gap`, or say `collide: false`" + SKIP,
    ),
    (
        f"a: {{{BOX}, count: 2, place: {{on: stage, area: [1, 0.5], tries: 7}}}}",
        "no room for a/1 (shape/box, 1.73 m across) on 1 x 0.5 m of the stage after 7 tries (7 too near a/0) "
        "with 1 a placed; enlarge `area` or the stage, or lower `count`, `scale` or `gap`" + SKIP,
    ),
    (
        f"a: {{{BOX}, count: 2, place: {{in: {{box: [[0, 0, 0], [0.1, 0, 0]]}}, tries: 3}}}}",
        "no room for a/1 (shape/box, 1.73 m across) in its box after 3 tries (3 too near a/0) with 1 a placed; "
        "enlarge the box, or lower `count`, `scale` or `gap`" + SKIP,
    ),
    (
        f"a: {{{BOX}, scale: 3, place: {{in: frustum, crop: 0.1, tries: 5}}}}",
        "no room for a/0 (shape/box, 5.2 m across) in the view after 5 tries (5 overlapped or cut by the image's edge "
        "too much) with nothing placed; widen `depth`, raise `overlap` or `crop`, or lower `count`, `size`, `scale` or "
        "`gap`" + SKIP,
    ),
    (
        f"a: {{{BOX}, count: 0, place: {{on: stage}}}}, b: {{{BOX}, place: {{on: a, tries: 9}}}}",
        "no room for b/0 (shape/box, 1.73 m across) on a after 9 tries (9 without any a) with nothing placed; "
        "make a larger or more, or lower `count`, `scale` or `gap`" + SKIP,
    ),
    (
        f"a: {{{BOX}, place: {{at: [0, 0, 99]}}}}, b: {{{BOX}, place: {{before: a}}}}",
        "no room for b/0 (shape/box, 1.73 m across) before a after 1 try (1 without any a in view and room before it) "
        "with 1 a placed; lower `size`, `scale` or `gap`, or move the camera away" + SKIP,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("objects", "message"), GOLDEN, ids=["at", "stage", "box", "frustum", "group", "before"])
def test_a_scene_that_cannot_be_filled_says_what_why_and_what_helps(filled: Make, objects: str, message: str) -> None:
    with pytest.raises(PlacementError) as raised:
        filled(objects)(0, 0)
    assert str(raised.value) == f"scene 0 of seed 0: {message}"


def test_skipping_leaves_the_others(filled: Make) -> None:
    for objects, _ in GOLDEN:
        before, last = objects.rsplit("place: {", 1)
        scene = filled(f"{before}place: {{short: skip, {last}")(0, 0)
        assert len(scene.instances) == scene.facts.get("objects.a.count", 0) + scene.facts.get("objects.b.count", 0)
        assert scene.facts[f"objects.{'b' if 'b:' in objects else 'a'}.count"] < 2


def test_clutter_full_of_holes_cannot_fill_the_view(filled: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.sampling.layers.MOST", 30)
    text = "a: {asset: {shape: torus}, label: none, place: {in: background, size: 0.05}}"
    with pytest.raises(PlacementError, match=r"30 objects of a leave \d\d\.\d% of the view open; raise its `size`"):
        filled(text)(0, 0)


@pytest.mark.parametrize(
    ("asset", "message"),
    [
        ("{shape: mgu}", "unknown shape 'mgu' (did you mean 'mug'?)"),
        ('{shape: "mgu*"}', "no shape matches 'mgu*' (did you mean 'mug'?)"),
        ('{shape: ["mug*", box], x: 1}', "x: no parameter of mug*, box"),
        ('{shape: "mug*", hieght: 0.1}', "no parameter of mug* (did you mean 'height'?)"),
        ('{shape: {pick: {"mug*": -1, bowl: 2}}}', "weights must be numbers >= 0 that are not all 0"),
        ("{shape: {pick: {mug: 0}}}", "weights must be numbers >= 0 that are not all 0"),
        ("{shape: []}", "must be a name, a glob, a list of them"),
    ],
)
def test_shapes_that_are_not_there_are_told(filled: Make, asset: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        filled(f"a: {{asset: {asset}, label: none, place: {{on: stage}}}}")
    assert message in str(raised.value)


@pytest.mark.parametrize("place", ["on: stage, overlap: 0.5", "at: [0, 0, 0], crop: 0.2", "on: stage, size: 0.2"])
def test_limits_of_the_view_are_for_what_floats_in_it(filled: Make, place: str) -> None:
    with pytest.raises(InputError, match="for `in: frustum`"):
        filled(f"a: {{{BOX}, place: {{{place}}}}}")


def choice(write: Write, asset: str) -> Shapes:
    text = f"scene: s\nclasses: [a]\nstage: {{size: [1, 1]}}\ncamera: {{position: [1, 1, 1]}}\nobjects: {{a: {{asset: {asset}, \
label: a, place: {{on: stage}}}}}}\n"
    found = load_scene(write("scene.yaml", text)).objects["a"].asset
    assert isinstance(found, Shapes)
    return found


def test_a_globs_share_is_split_among_what_it_matches(write: Write) -> None:
    shapes = choice(write, '{shape: {pick: {"mug*": 3, bowl: 1}}}')
    names = [shapes.sample(Draw(0) / k).asset.removeprefix("shape/") for k in range(4000)]
    mugs = matched("mug*")
    assert set(names) == {*mugs, "bowl"} and len(mugs) > 2
    expected = {name: 3000 / len(mugs) for name in mugs} | {"bowl": 1000.0}
    assert sum((names.count(n) - e) ** 2 / e for n, e in expected.items()) < 25  # far beyond p = 0.001 for 5 kinds
    assert set(shapes.every()) == set(expected)
    assert Shapes.model_validate(shapes.model_dump()) == shapes


def test_lists_of_names_are_drawn_in_their_order_as_ever(write: Write) -> None:
    shapes = choice(write, "{shape: [torus, box, mug]}")
    for k in range(50):
        draw = Draw(0) / k
        assert shapes.sample(draw).asset == f"shape/{['torus', 'box', 'mug'][int(draw.uniform() * 3)]}"


def test_weights_do_not_depend_on_the_order_of_keys() -> None:
    for u in (0.0, 0.1, 0.24, 0.26, 0.99):
        assert weighted({"b": 3, "a": 1}, u) == weighted({"a": 1, "b": 3}, u) == ("a" if u < 0.25 else "b")
