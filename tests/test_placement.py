"""Nothing runs into anything: true meshes, checked by other methods than the one that placed them."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from placement import Make, Write, meet, sampled, sampler_of, thing_at, triangles
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import MeshRef, SceneSample
from generator.sampling.collisions import PATIENCE, touch
from generator.sampling.meshes import Body

SHAPES = ("box", "cone", "torus", "prism", "bowl", "mug", "sphere", "cylinder", "plate")


@pytest.fixture
def filled(write: Write, store: AssetStore) -> Make:
    return partial(sampler_of, write, store)


def world(body: Body) -> Array:
    return body.points[body.solid.faces]


def test_two_meshes_touch_when_edges_cross_or_one_holds_the_other(store: AssetStore) -> None:
    """Random pairs, turned and stretched; before and after the trees of all their faces are built."""
    said = []
    for k in range(200):
        rng = (Draw(0) / k).rng()
        names = rng.choice(SHAPES, 2)
        turns = Rotation.from_quat(rng.normal(size=(2, 4))).as_quat(scalar_first=True)
        bodies = []
        for name, turn in zip(names, turns, strict=True):
            extent = np.ptp(store.mesh(MeshRef(asset=f"shape/{name}")).bounds, axis=0).max()
            bodies.append(thing_at(store, name, rng.uniform(0.5, 1.2, 3) / extent, turn, rng.uniform(-0.55, 0.55, 3)))
        truth = meet(world(bodies[0]), world(bodies[1]))
        assert touch(*bodies) == truth, (k, names)
        for body in bodies:
            body.solid.asked = PATIENCE
        assert touch(*bodies) == truth and touch(*bodies[::-1]) == truth, (k, names)
        said.append(truth)
    assert 60 < sum(said) < 140, "both answers are tested"


@pytest.mark.parametrize("ready", [0, PATIENCE])
def test_a_gap_is_the_distance_between_surfaces(store: AssetStore, ready: int) -> None:
    """A corner of a turned cube against the face of another: the distance is known."""
    corner = Rotation.align_vectors([[1, 0, 0]], [[1, 1, 1]])[0].as_quat(scalar_first=True)
    for gap in (0.001, 0.05, 0.3):
        for off in (-1e-6, 1e-6):
            at = np.array([-0.5 - np.sqrt(0.75) - gap - off, 0.1, 0.2])
            bodies = (
                thing_at(store, "box", np.ones(3), np.array([1.0, 0, 0, 0]), np.zeros(3)),
                thing_at(store, "box", np.ones(3), corner, at),
            )
            for body in bodies:
                body.solid.asked = ready
            assert touch(*bodies, gap) == (off < 0)


@pytest.mark.parametrize("ready", [0, PATIENCE])
def test_what_lies_in_a_hollow_is_free_and_what_lies_inside_is_not(store: AssetStore, ready: int) -> None:
    upright, one = np.array([1.0, 0, 0, 0]), np.ones(3)
    cases = [
        ("bowl", one, "sphere", one * 0.04, [0, 0, 0.04], False),  # lies in the bowl
        ("bowl", one, "sphere", one * 0.04, [0, 0, 0.01], True),  # stuck in its bottom
        ("torus", one, "cylinder", one * [0.2, 0.2, 3], [0, 0, 0], False),  # a rod through the ring
        ("torus", one, "cylinder", one * [0.2, 0.2, 3], [0.3, 0, 0], True),  # a rod through the tube
        ("box", one, "sphere", one * 0.1, [0.1, 0.1, 0.1], True),  # wholly inside
        ("box", one, "box", one * 0.1, [0.45, 0.1, 0.1], True),
        ("sphere", one, "box", one * 0.9, [0, 0, 3], False),
    ]  # fmt: skip
    for first, scale, second, small, at, truth in cases:
        a = thing_at(store, first, scale, upright, np.zeros(3))
        b = thing_at(store, second, small, upright, np.array(at, float))
        a.solid.asked = b.solid.asked = ready
        assert touch(a, b) == touch(b, a) == truth, (first, second)


CROWD = "a: {asset: {shape: [box, cone, torus, prism, cylinder]}, label: none, count: 7, rotation: uniform, \
scale: {uniform: [0.1, 0.4]}, place: {GAP on: stage, area: [1.2, 1.2]}}, \
b: {asset: {shape: [bowl, mug, plate, fork]}, label: none, count: 3, scale: {uniform: [1, 2]}, \
place: {GAP on: stage, area: [1.2, 1.2]}}, \
c: {asset: {shape: [torus, box, sphere]}, label: none, count: 4, rotation: uniform, scale: 0.2, \
place: {GAP in: {box: [[-0.6, -0.6, 0], [0.6, 0.6, 0.4]]}}}, \
d: {asset: {shape: cone}, label: none, count: 1, scale: 0.2, \
place: {GAP at: {box: [[-0.5, -0.5, 0.1], [0.5, 0.5, 0.5]]}}}"


def pairs(scene: SceneSample, store: AssetStore) -> list[tuple[Array, Array, tuple[str, str]]]:
    """Meshes and names of every two objects whose boxes come near each other."""
    bodies = [(o.name, triangles(o, store)) for o in scene.instances]
    return [
        (p, q, (a, b))
        for (a, p), (b, q) in combinations(bodies, 2)
        if (p.min((0, 1)) < q.max((0, 1)) + 0.03).all() and (q.min((0, 1)) < p.max((0, 1)) + 0.03).all()
    ]


def test_no_two_objects_of_many_scenes_meet(filled: Make, store: AssetStore) -> None:
    sampler, count = filled(CROWD.replace("GAP", "gap: 0,")), 60
    near = nested = 0
    for index in range(count):
        for a, b, names in pairs(sampler(0, index), store):
            assert not meet(a, b), (index, names)
            near += 1
            middle, other = a.mean((0, 1)), b.mean((0, 1))
            reach = np.linalg.norm(a - middle, axis=2).max() + np.linalg.norm(b - other, axis=2).max()
            nested += bool(np.linalg.norm(middle - other) < 0.8 * reach)
    assert near > 2.5 * count and nested > 0.5 * count, "scenes are dense, and spheres would not have fitted"


def test_all_objects_keep_their_gap(filled: Make, store: AssetStore) -> None:
    sampler, closest = filled(CROWD.replace("GAP", "gap: 0.02,")), []
    for index in range(12):
        for k, (a, b, names) in enumerate(pairs(sampler(0, index), store)):
            points = [sampled(m, 3000, Draw(index) / k / side) for side, m in enumerate((a, b))]
            closest.append(cKDTree(points[0]).query(points[1])[0].min())
            assert closest[-1] >= 0.02 - 1e-6 and not meet(a, b), (index, names)
    assert min(closest) < 0.03, "and no more than their gap"


def test_the_greater_gap_of_two_holds_and_who_does_not_collide_is_not_there(filled: Make, store: AssetStore) -> None:
    two = "a: {{asset: {{shape: box}}, label: none, scale: 0.2, place: {{at: [0, 0, 1], gap: {}}}}}, \
b: {{asset: {{shape: box}}, label: none, count: 5, scale: 0.2, \
place: {{in: {{box: [[0.2, 0, 1], [0.4, 0, 1]]}}, gap: {}{}}}, rotation: none}}"
    for first, second in ((0.05, 0), (0, 0.05)):
        for index in range(10):
            scene = filled(two.format(first, second, ", short: skip"))(0, index)
            assert all(o.pose.position[0] >= 0.25 - 1e-6 for o in scene.instances[1:])
    assert len(filled(two.format(0.05, 0, ", collide: false"))(0, 0).instances) == 6


def test_more_groups_and_objects_leave_those_before_them_in_place(filled: Make) -> None:
    few = "b: {asset: {shape: box}, label: none, count: 4, scale: 0.2, place: {on: stage}}"
    more = "c: {asset: {shape: torus}, label: none, count: 3, scale: 0.2, place: {on: stage}}, \
a: {asset: {shape: sphere}, label: none, scale: 0.03, place: {on: b}}"
    lamp = "lights: {lamps: {count: 3, position: [0, 0, 2], power: 5}}"
    for index in range(5):
        first = {o.name: o for o in filled(few)(0, index).objects}
        for text, rest in ((f"{few}, {more}", ""), (few.replace("count: 4", "count: 9"), ""), (few, lamp)):
            after = {o.name: o for o in filled(text, rest=rest)(0, index).objects}
            assert all(after[name] == one for name, one in first.items())


def test_facts_count_what_was_really_placed(filled: Make) -> None:
    text = "a: {asset: {shape: box}, label: none, count: 40, scale: 0.4, place: {on: stage, tries: 20, short: skip}}"
    scene = filled(text)(0, 0)
    assert 5 < len(scene.instances) < 40 and scene.facts["objects.a.count"] == len(scene.instances)


def test_a_shape_is_labelled_by_the_first_part_of_its_name(filled: Make) -> None:
    scene = filled('a: {asset: {shape: {pick: {"mug*": 3, bowl: 1}}}, count: 12, place: {on: stage}}')(0, 0)
    assert {o.label for o in scene.instances} == {"mug", "bowl"}
    assert all(o.mesh.asset.removeprefix("shape/").startswith(str(o.label)) for o in scene.instances)
    assert len({o.mesh.asset for o in scene.instances}) > 2


def test_deformations_are_drawn_into_the_reference(filled: Make) -> None:
    text = "a: {asset: {shape: box}, label: none, count: 40, scale: 0.1, place: {in: frustum, collide: false}, \
deform: [{kind: twist, amount: {uniform: [10, 20]}, axis: x, probability: 0.5}, {kind: dent, amount: 0.1}]}"
    scene = filled(text)(0, 0)
    changes = [o.mesh.deform for o in scene.instances]
    twists = [d[0] for d in changes if len(d) == 2]
    assert 10 < len(twists) < 30 and all(d[-1].kind == "dent" and d[-1].amount == 0.1 for d in changes)
    assert all(np.radians(10) <= t.amount <= np.radians(20) and t.axis == "x" for t in twists)
    assert len({d[-1].seed for d in changes}) == 40
