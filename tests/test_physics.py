"""Objects that fall: known resting poses, friction's angle, hollows that stay hollow, piles that do not overlap."""

import itertools
import json
import math
import subprocess
import sys
from typing import Any

import fcl
import numpy as np
import pytest
from conftest import scene, thing, turn
from scipy.spatial import ConvexHull

from generator.assets.convex import MOST, convex_parts
from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.store import AssetStore
from generator.base.geometry import rotation_matrix
from generator.base.scene import ObjectSample, SceneSample
from generator.sampling.physics import settle

PILE = ("box", "cylinder", "cone", "torus", "prism", "sphere", "bowl", "mug", "banana", "can")


def named(name: str, one: ObjectSample) -> ObjectSample:
    return one.model_copy(update={"name": name})


def dropped(store: AssetStore, *objects: ObjectSample, friction: float = 0.7, bounce: float = 0.1,
            seconds: float = 4.0, **facts: float) -> SceneSample:  # fmt: skip
    return settle(scene(*objects, facts=facts), ["drop"], store, seconds, friction, bounce)


def world(one: ObjectSample, store: AssetStore) -> np.ndarray:
    pose = one.pose.matrix()
    return store.mesh(one.mesh).vertices @ pose[:3, :3].T + pose[:3, 3]


def pile(seed: int, count: int = 10) -> list[ObjectSample]:
    """Mixed shapes about a decimetre large, one above the other, turned at random."""
    rng = np.random.default_rng(seed)
    size = {"box": 0.1, "cylinder": 0.09, "cone": 0.1, "torus": 0.14, "prism": 0.08, "sphere": 0.08}
    result = []
    for k in range(count):
        shape = PILE[k % len(PILE)]
        x, y = rng.uniform(-0.06, 0.06, 2)
        params: dict[str, Any] = {"scale": (size.get(shape, 1.0),) * 3}
        spun = turn(rng.normal(size=3), rng.uniform(0, 360))
        result.append(named(f"drop/{k}", thing(shape, (x, y, 0.2 + 0.24 * k), rotation=spun, **params)))
    return result


def tree(one: ObjectSample, store: AssetStore) -> fcl.CollisionObject:
    mesh = store.mesh(one.mesh)
    model = fcl.BVHModel()
    model.beginModel(len(mesh.vertices), len(mesh.faces))
    model.addSubModel(world(one, store), mesh.faces)
    model.endModel()
    return fcl.CollisionObject(model)


def gap(a: fcl.CollisionObject, b: fcl.CollisionObject) -> float:
    return float(fcl.distance(a, b, fcl.DistanceRequest(), fcl.DistanceResult()))


def test_a_box_dropped_flat_lands_on_its_face(store: AssetStore) -> None:
    result = dropped(store, named("drop/0", thing("box", (0.3, 0, 0.3), x=0.1, y=0.2, z=0.05)))
    pose = result.objects[0].pose
    assert pose.position == pytest.approx((0.3, 0, 0.025), abs=1e-4)
    assert abs(pose.rotation[0]) == pytest.approx(1, abs=1e-5)
    assert result.facts == {"physics.lost": 0, "physics.settled": 1}


@pytest.mark.parametrize("degrees", [20, 35, 60, 80])
def test_a_tilted_box_ends_on_one_of_its_faces(store: AssetStore, degrees: float) -> None:
    tilted = thing("box", (0, 0, 0.3), x=0.1, y=0.14, z=0.06, rotation=turn((1, 2, 0.3), degrees))
    result = dropped(store, named("drop/0", tilted))
    pose = result.objects[0].pose
    up = rotation_matrix(np.array(pose.rotation))[2]
    half = float(abs(up) @ [0.05, 0.07, 0.03])
    assert sorted(abs(up))[2] > 1 - 1e-4 and result.facts["physics.settled"]
    assert pose.position[2] == pytest.approx(half, abs=1e-3)


def test_a_ball_rests_at_its_radius(store: AssetStore) -> None:
    result = dropped(store, named("drop/0", thing("sphere", (0, 0, 0.3), radius=0.05)))
    assert result.objects[0].pose.position == pytest.approx((0, 0, 0.05), abs=2e-4)  # its mesh is a little smaller


@pytest.mark.parametrize("bounce", [0.0, 0.3])
def test_boxes_stack_to_the_sum_of_their_heights(store: AssetStore, bounce: float) -> None:
    boxes = [named(f"drop/{k}", thing("box", (0.003 * k, 0, 0.06 + 0.13 * k), x=0.1, y=0.1, z=0.1)) for k in range(3)]
    result = dropped(store, *boxes, bounce=bounce)
    tops = [world(one, store)[:, 2].max() for one in result.objects]
    assert tops == pytest.approx([0.1, 0.2, 0.3], abs=1e-3) and result.facts["physics.settled"]


def test_what_bounces_leaves_with_its_share_of_the_speed(store: AssetStore) -> None:
    height, until = 0.2, 0.5
    hit = math.sqrt(2 * height / 9.81)
    for e in (0.8, 0.9):
        ball = named("drop/0", thing("sphere", (0, 0, height + 0.05), radius=0.05))
        result = dropped(store, ball, bounce=e, seconds=until)
        expected = e * 9.81 * hit * (until - hit) - 9.81 / 2 * (until - hit) ** 2
        assert result.objects[0].pose.position[2] - 0.05 == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("degrees", "slides"), [(20, False), (24, False), (29, True), (35, True)])
def test_a_box_slides_down_a_slope_steeper_than_friction_allows(
    store: AssetStore, degrees: float, slides: bool
) -> None:
    """The angle of friction: tan(26.6 degrees) = 0.5."""
    turned = turn((0, 1, 0), degrees)
    normal = rotation_matrix(np.array(turned))[:, 2]
    slope = named("slope/0", thing("box", (0, 0, 1), x=3, y=1, z=0.1, rotation=turned))
    box = named("drop/0", thing("box", np.array([0, 0, 1]) + 0.0705 * normal, x=0.1, y=0.1, z=0.04, rotation=turned))
    result = dropped(store, slope, box, friction=0.5, seconds=0.5)
    way = np.linalg.norm(np.subtract(result.objects[1].pose.position, box.pose.position))
    angle = math.radians(degrees)
    free = 0.5 * 9.81 * (math.sin(angle) - 0.5 * math.cos(angle)) * 0.5**2
    assert result.objects[0] == slope
    assert way == pytest.approx(free, rel=0.1) if slides else way < 0.003


def test_a_bowl_holds_what_falls_into_it(store: AssetStore) -> None:
    """The hull of a bowl is closed above: the ball would lie on its rim."""
    bowl, ball = thing("bowl"), named("drop/0", thing("sphere", (0.01, 0, 0.2), radius=0.012))
    rim = store.mesh(bowl.mesh).bounds[1, 2]
    for held in (bowl, named("drop/1", bowl)):  # one that stands for ever, one that could be pushed
        result = dropped(store, held, ball, seconds=6)
        x, y, z = result.objects[1].pose.position
        assert 0.012 < z < rim / 2 and math.hypot(x, y) < 0.04
        assert gap(tree(result.objects[0], store), tree(result.objects[1], store)) < 0.004


@pytest.mark.parametrize("seed", range(3))
def test_nothing_overlaps_in_a_settled_pile(store: AssetStore, seed: int) -> None:
    """By fcl on the true meshes: those of no two objects meet once each is a millimetre smaller."""
    result = dropped(store, *pile(seed), seconds=6)
    assert len(result.objects) == 10 and result.facts["physics.settled"]
    for one in result.objects:
        assert -1e-3 < world(one, store)[:, 2].min() < 0.3
        low, high = store.mesh(one.mesh).bounds * one.pose.scale
        less = 1 - 2e-3 / (high - low)
        shrunk = one.pose.model_copy(update={"scale": tuple(np.array(one.pose.scale) * less)})
        middle = rotation_matrix(np.array(one.pose.rotation)) @ ((low + high) / 2 * (1 - less))
        shrunk = shrunk.model_copy(update={"position": tuple(np.array(one.pose.position) + middle)})
        smaller = tree(one.model_copy(update={"pose": shrunk}), store)
        for other in result.objects:
            if other is not one:
                assert not fcl.collide(smaller, tree(other, store), fcl.CollisionRequest(), fcl.CollisionResult())


def test_a_pile_stays_where_it_settled(store: AssetStore) -> None:
    first = dropped(store, *pile(1), seconds=6)
    second = dropped(store, *first.objects, seconds=2)
    for one, other in zip(first.objects, second.objects, strict=True):
        assert np.linalg.norm(world(one, store) - world(other, store), axis=1).max() < 2e-3


def test_what_is_at_rest_keeps_its_pose_to_the_last_bit(store: AssetStore) -> None:
    resting = [
        named("drop/0", thing("box", (0, 0, 0.05), x=0.1, y=0.1, z=0.1, rotation=turn((0, 0, 1), 30))),
        named("drop/1", thing("mug", (0.3, 0, 0))),
        named("drop/2", thing("cylinder", (-0.3, 0, 0.05), radius=0.04, height=0.1)),
    ]
    assert dropped(store, *resting).objects == tuple(resting)


def test_only_the_named_groups_fall_and_only_on_what_is_in_their_way(store: AssetStore) -> None:
    table = named("table/0", thing("box", (0, 0, 0.5), x=1, y=1, z=0.02))
    aloft = named("other/0", thing("sphere", (0, 0, 2), radius=0.1))
    stage = thing("plane", backdrop=True, x=9, y=9).model_copy(update={"name": "stage"})
    box = named("drop/0", thing("box", (0, 0, 0.8), x=0.1, y=0.1, z=0.1))
    result = dropped(store, stage, table, aloft, box)
    assert result.objects[:3] == (stage, table, aloft)
    assert result.objects[3].pose.position[2] == pytest.approx(0.56, abs=1e-3)


def test_two_of_one_name_stay_two(store: AssetStore) -> None:
    """Each comes to rest as the shape it is, at half its own height."""
    low, high = (thing("box", (x, 0, 0.3), x=0.1, y=0.1, z=z) for x, z in ((-0.3, 0.04), (0.3, 0.08)))
    away = named("drop/0", thing("box", (9, 0, 0.3), x=0.1, y=0.1, z=0.06))
    result = dropped(store, named("drop/0", low), named("drop/0", high), away, **{"stage.size.x": 2, "stage.size.y": 2})
    assert [one.mesh for one in result.objects] == [low.mesh, high.mesh] and result.facts["physics.lost"] == 1
    assert [one.pose.position[2] for one in result.objects] == pytest.approx([0.02, 0.04], abs=1e-4)


def test_walls_stop_what_rolls(store: AssetStore) -> None:
    wall = thing("box", (0.5, 0, 0.5), x=0.1, y=4, z=1, backdrop=True)
    ramp = named("ramp/0", thing("box", (0, 0, 0.1), x=0.6, y=1, z=0.02, rotation=turn((0, 1, 0), 20)))
    ball = named("drop/0", thing("sphere", (-0.1, 0, 0.25), radius=0.05))
    free = dropped(store, ramp, ball).objects[-1].pose.position[0]
    held = dropped(store, wall, ramp, ball).objects[-1].pose.position[0]
    assert free > 0.6 and 0.3 < held <= 0.4 + 1e-3


def test_what_leaves_the_stage_is_left_out(store: AssetStore) -> None:
    edge = {"stage.size.x": 1.0, "stage.size.y": 2.0}
    boxes = [named(f"drop/{k}", thing("box", at, x=0.1, y=0.1, z=0.1))
             for k, at in enumerate([(0, 0, 0.2), (0.51, 0, 0.2), (0.49, 0.9, 0.2), (0, -1.2, 0.2)])]  # fmt: skip
    result = dropped(store, *boxes, **edge)
    assert [one.name for one in result.objects] == ["drop/0", "drop/2"]
    assert result.facts == {**edge, "physics.lost": 2, "physics.settled": 1}


def test_what_has_no_time_to_come_to_rest_is_noted(store: AssetStore) -> None:
    result = dropped(store, named("drop/0", thing("box", (0, 0, 5), x=0.1, y=0.1, z=0.1)), seconds=0.5)
    assert result.facts["physics.settled"] == 0
    assert result.objects[0].pose.position[2] == pytest.approx(5 - 0.5 * 9.81 * 0.25, abs=0.01)


def test_nothing_to_drop_is_no_error(store: AssetStore) -> None:
    sample = scene(thing("box"))
    result = settle(sample, ["drop"], store, 1.0, 0.5, 0.0)
    assert result.objects == sample.objects and result.facts == {"physics.lost": 0, "physics.settled": 1}


def test_the_same_scene_settles_to_the_same_bits_here_and_in_another_process(store: AssetStore) -> None:
    sample = scene(*pile(2, 6))
    code = "import sys\nfrom generator.assets.catalog import Catalog\nfrom generator.assets.store import AssetStore\n"
    code += "from generator.base.scene import SceneSample\nfrom generator.sampling.physics import settle\n"
    code += "sample = SceneSample.model_validate_json(sys.stdin.read())\n"
    code += "print(settle(sample, ['drop'], AssetStore(Catalog.open()), 3, 0.7, 0.1).model_dump_json())"
    told = subprocess.run(
        [sys.executable, "-c", code], input=sample.model_dump_json(), capture_output=True, text=True, check=True
    )
    here = [settle(sample, ["drop"], store, 3, 0.7, 0.1).model_dump_json() for _ in range(2)]
    assert here[0] == here[1] and json.loads(told.stdout) == json.loads(here[0])


def covered(parts: tuple[np.ndarray, ...], points: np.ndarray) -> np.ndarray:
    """Depth (m) of points in the hull they lie deepest in."""
    planes = [ConvexHull(part).equations for part in parts]
    return np.max([-(points @ p[:, :3].T + p[:, 3]).max(1) for p in planes], axis=0)


@pytest.mark.parametrize("shape", ["box", "sphere", "cone", "cylinder", "prism"])
def test_convex_meshes_are_one_part(shape: str) -> None:
    mesh = SHAPES[shape]()
    (part,) = convex_parts(mesh)
    assert {tuple(p) for p in part.round(6)} <= {tuple(p) for p in mesh.vertices.astype(float).round(6)}


@pytest.mark.parametrize("shape", ["torus", "bowl", "mug"])
def test_parts_of_hollow_meshes_hold_the_surface_and_leave_the_hollow(shape: str) -> None:
    mesh = SHAPES[shape]()
    parts = convex_parts(mesh)
    middles = mesh.vertices[mesh.faces].mean(1).astype(float)
    assert 4 < len(parts) <= MOST and covered(parts, middles).min() > -1e-6
    middle = mesh.bounds.mean(0)
    hollow = {"torus": middle, "bowl": [0, 0, 0.7 * mesh.bounds[1, 2]], "mug": [0, 0, 0.7 * mesh.bounds[1, 2]]}[shape]
    assert covered(parts, np.array([hollow], float))[0] < -0.05 * np.ptp(mesh.bounds)


def test_open_and_flat_meshes_have_parts_too() -> None:
    """A tube of one layer of triangles is hollow all the same; a sheet gets a thickness."""
    ring = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = np.array([(np.cos(a), np.sin(a), z) for z in (0, 2) for a in ring], np.float32)
    faces = [(i, (i + 1) % 24, i + 24) for i in range(24)] + [
        ((i + 1) % 24, (i + 1) % 24 + 24, i + 24) for i in range(24)
    ]
    tube = convex_parts(Mesh(points, np.array(faces, np.int32)))
    assert covered(tube, np.array([[0.0, 0, 1]]))[0] < -0.3
    (sheet,) = convex_parts(SHAPES["plane"]())
    assert np.ptp(sheet, axis=0) == pytest.approx([1, 1, 1e-3], rel=1e-2)


def test_parts_do_not_depend_on_where_the_mesh_is_read() -> None:
    mesh = SHAPES["bowl"]()
    copy = Mesh(mesh.vertices.copy(), mesh.faces.copy())
    assert all(a is b for a, b in itertools.zip_longest(convex_parts(mesh), convex_parts(copy)))
