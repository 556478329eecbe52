"""Samples within pixels that may be mixed, against the labels of a picture four times as large: nothing is missed."""

from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from hypothesis import HealthCheck, given, settings
from lenses import LENSES, crowd, through
from meshing import Meshes, made, sheet
from test_oracle import FUZZED, anything, leaf

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.lens import Lens
from generator.base.scene import Deform, SceneSample
from generator.truth.annotations import ANNOTATIONS, Shot
from generator.truth.annotations.mixed import stepped
from generator.truth.contours import Topology, contours
from generator.truth.labels import label
from generator.truth.subsamples import FINE, subsamples


def by_force(sample: SceneSample, store: AssetStore) -> tuple[np.ndarray, np.ndarray]:
    """Ids and ray parameters (h w, 16) of every sample in the picture."""
    fine: Frame = label(sample, store, FINE, normals=False)
    hit, reach = np.isfinite(fine.depth), fine.depth.copy()
    if fine.camera.lens.fisheye:
        reach[hit] = np.linalg.norm(fine.camera.points(fine.depth)[hit], axis=-1)
    split = (sample.height, FINE, sample.width, FINE)
    ids, reach = (a.reshape(split).transpose(0, 2, 1, 3).reshape(-1, FINE * FINE) for a in (fine.instance, reach))
    return ids, reach


def mixed(ids: np.ndarray, reach: np.ndarray) -> np.ndarray:
    nothing = np.isinf(reach)
    found = (ids != ids[:, :1]).any(1) | (nothing != nothing[:, :1]).any(1)
    rest = np.flatnonzero(~found & ~nothing[:, 0])
    found[rest] = stepped(reach[rest].astype(float))
    return np.asarray(found)


def missed(sample: SceneSample, store: AssetStore) -> tuple[int, int, float]:
    """Pixels that are shared or mixed and were not sampled, samples that see another object than by force, and the
    share of the picture that was sampled."""
    frame = label(sample, store)
    found, (ids, reach) = subsamples(frame, sample, store), by_force(sample, store)
    left = np.ones(len(ids), bool)
    left[found.pixel] = False
    wanted = (ids != frame.instance.reshape(-1, 1)).any(1) | mixed(ids, reach)
    return int((wanted & left).sum()), int((found.ids != ids[found.pixel]).sum()), 1 - float(left.mean())


def heap(seed: int, count: int = 25) -> list[Any]:
    """Bent, stretched and overlapping things over a floor that some of them stick in."""
    rng = np.random.Generator(np.random.Philox(seed))
    shapes = ("mug", "sphere", "torus", "box", "traffic_cone", "cylinder")
    found = [thing("plane", x=9, y=9, label=None, backdrop=True)]
    for k in range(count):
        one = thing(
            shapes[k % 6], rng.uniform((-0.6, -0.5, -0.1), (0.6, 0.5, 0.4)), rng.uniform(0.1, 1, 3), rng.normal(size=4)
        )
        bend = (Deform(kind="bend", amount=float(rng.uniform(0, 1))),)
        found.append(one.model_copy(update={"mesh": one.mesh.model_copy(update={"deform": bend if k % 2 else ()})}))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_mixed_pixel_is_missed_in_a_heap(store: AssetStore, seed: int) -> None:
    sample = scene(*heap(seed), size=(256, 192), focal=240, position=(0.3, -1.2, 1.5))
    left, differ, share = missed(sample, store)
    assert left <= 1 and differ <= 2 and share < 0.3


@pytest.mark.parametrize("name", LENSES)
def test_no_mixed_pixel_is_missed_through_any_lens(store: AssetStore, name: str) -> None:
    sample = through(name, scene(*crowd(3), size=(96, 72), position=(0, 0, 0.1), target=(1, 0.3, 0)))
    left, differ, _ = missed(sample, store)
    assert left == 0 and differ <= 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(anything())
def test_next_to_no_mixed_pixel_is_missed_in_any_scene(sample: SceneSample) -> None:
    left, differ, _ = missed(sample, FUZZED)
    assert left <= 1 and differ <= 4


@pytest.mark.parametrize("width", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("angle", [0, 7, 45, 83])
@pytest.mark.parametrize("lens", [Lens(), Lens(kind="equidistant")], ids=["pinhole", "fisheye"])
def test_wires_thinner_than_a_pixel_are_not_lost(store: AssetStore, width: float, angle: float, lens: Lens) -> None:
    """Before a wall: no centre need see them, and no neighbour need tell of them."""
    wire = thing("box", (0.003, 0.002, 0.2), rotation=turn((0, 0, 1), angle), x=1.1, y=width * 1.8 / 150, z=0.001)
    sample = scene(wire, thing("plane", (0, 0, -1), x=9, y=9, backdrop=True))
    sample = sample.model_copy(update={"camera": sample.camera.model_copy(update={"lens": lens})})
    left, differ, share = missed(sample, store)
    assert left == 0 and differ <= 2 and share < 0.08
    found = ANNOTATIONS["coverage"].measure(Shot(label(sample, store), sample, store))
    ids, _ = by_force(sample, store)
    counted = found["count"][found["id"] == 1].sum()
    whole = ((ids == 1).all(1) & (label(sample, store).instance.ravel() == 1)).sum() * FINE**2
    assert counted + whole == (ids == 1).sum()


def test_specks_smaller_than_a_pixel_are_not_lost(store: AssetStore) -> None:
    """Four hundred cubes of a third of a pixel, and the tip of a cone that comes through a floor by as little."""
    rng = np.random.Generator(np.random.Philox(9))
    specks = [thing("box", (*rng.uniform(-0.7, 0.7, 2), 0.1), (0.004,) * 3, rng.normal(size=4)) for _ in range(400)]
    floor = thing("plane", x=9, y=9, backdrop=True)
    sample = scene(*specks, floor)
    assert missed(sample, store)[:2] == (0, 0)
    for x in np.linspace(0, 0.03, 9):
        assert missed(scene(thing("cone", (x, 0, -0.498)), floor), store)[0] == 0


def test_cut_textures_are_sampled_all_over() -> None:
    fine = np.where(np.indices((64, 64)).sum(0) % 2, 255, 0).astype(np.uint8)  # finer than pixels
    for alpha in (leaf(), fine):
        store = Meshes({"leaf": sheet(alpha)})
        sample = scene(made("leaf", rotation=turn((1, 1, 0), 40)), thing("plane", (0, 0, -1), x=9, y=9))
        assert missed(sample, store)[:2] == (0, 0)


def test_an_empty_picture_has_no_samples(store: AssetStore) -> None:
    sample = scene()
    found = subsamples(label(sample, store), sample, store)
    assert found.pixel.shape == (0,) and found.ids.shape == found.reach.shape == (0, FINE**2)


def test_edges_of_a_box_and_which_of_them_are_contours() -> None:
    """A cube has 12 edges and 6 diagonals. From straight above its centre the four sides face away: the outline is the
    upper square alone; seen from a corner's direction it has six edges. Vertices split at seams count as one."""
    import trimesh

    body = trimesh.creation.box((1, 1, 1))
    whole = Mesh(np.asarray(body.vertices, np.float32), np.asarray(body.faces, np.int32))
    split = Mesh(whole.vertices[whole.faces].reshape(-1, 3), np.arange(36, dtype=np.int32).reshape(-1, 3))
    for mesh in (whole, split):
        assert len(Topology.of(mesh).ends) == 18 and not Topology.of(mesh).loose.any()
        above = np.diag([1.0, -1, -1, 1])
        above[:3, 3] = 0, 0, 3
        square = contours(mesh, above, steep=1e6)
        assert len(square) == 4 and square[..., 2] == pytest.approx(2.5)
        corner = np.linalg.svd(np.array([[1.0, 1, 1]]))[2][[1, 2, 0]]
        seen = np.eye(4)
        seen[:3, :3], seen[2, 3] = corner, 5
        assert len(contours(mesh, seen, steep=1e6)) == 6
    torn = Mesh(whole.vertices, whole.faces[1:])
    assert Topology.of(torn).loose.sum() == 3
