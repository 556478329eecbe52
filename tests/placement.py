"""Scenes of a few objects, and other ways to tell whether meshes meet."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import MeshRef, ObjectSample
from generator.sampling.meshes import Body, Solid
from generator.sampling.sampler import Sampler
from generator.spec.load import load_scene
from generator.truth.rays import Target

Write = Callable[[str, str], Path]
Make = Callable[..., Sampler]


def sampler_of(
    write: Write,
    store: AssetStore,
    objects: str,
    size: tuple[int, int] = (160, 120),
    stage: bool = True,
    rest: str = "",
) -> Sampler:
    """A sampler of scenes with these objects on a stage of 2 by 2 metres."""
    camera = "{position: {shell: {radius: [1, 1.5], elevation: [30, 80]}}}"
    text = f"scene: test\nclasses: [ball, mug, bowl]\nobjects: {{{objects}}}\ncamera: {camera}\n{rest}\n"
    return Sampler(load_scene(write("scene.yaml", text + "stage: {size: [2, 2]}\n" * stage)), store, size)


def triangles(one: ObjectSample, store: AssetStore) -> Array:
    """Corners in the world (m, 3, 3)."""
    mesh, pose = store.mesh(one.mesh), one.pose.matrix()
    return (mesh.vertices @ pose[:3, :3].T + pose[:3, 3])[mesh.faces]


def cross(a: Array, b: Array) -> bool:
    """Whether an edge of a mesh (m, 3, 3) crosses a face of another, by Embree's rays along all edges of `a`."""
    soup = Mesh(b.reshape(-1, 3).astype(np.float32), np.arange(3 * len(b), dtype=np.int32).reshape(-1, 3))
    starts, ends = a.reshape(-1, 3), np.roll(a, -1, axis=1).reshape(-1, 3)
    near = ((np.minimum(starts, ends) <= b.max((0, 1))) & (np.maximum(starts, ends) >= b.min((0, 1)))).all(1)
    scene = Target.of(soup).scene
    o, d = (np.ascontiguousarray(v[near], np.float32) for v in (starts, ends - starts))
    found = scene.run(o, d, query="INTERSECT", output=1)
    return bool(((found["primID"] >= 0) & (found["tfar"] < 1)).any())


def holds(mesh: Array, point: Array) -> bool:
    """Whether a closed mesh (m, 3, 3) holds a point: a skew line from there meets it an odd number of times."""
    way = np.array([0.1234, 0.2345, 1.0])
    flat = mesh - point
    flat = flat - flat[..., 2:] * way
    a, b, c = (flat[:, k, :2] for k in range(3))
    areas = np.stack([np.cross(x, y) for x, y in ((b, c), (c, a), (a, b))], 1)
    hit = (areas > 0).all(1) | (areas < 0).all(1)
    weights = areas[hit] / areas[hit].sum(1, keepdims=True)
    heights = ((mesh[hit, :, 2] - point[2]) * weights).sum(1)
    return int((heights > 0).sum()) % 2 == 1


def meet(a: Array, b: Array) -> bool:
    """Whether two meshes (m, 3, 3) run into each other or one holds the other."""
    if (a.max((0, 1)) < b.min((0, 1))).any() or (b.max((0, 1)) < a.min((0, 1))).any():
        return False
    return cross(a, b) or cross(b, a) or holds(b, a[0, 0]) or holds(a, b[0, 0])


def sampled(mesh: Array, count: int, draw: Draw) -> Array:
    """Points uniform over a mesh's surface (count, 3)."""
    rng = draw.rng()
    areas = np.linalg.norm(np.cross(mesh[:, 1] - mesh[:, 0], mesh[:, 2] - mesh[:, 0]), axis=1)
    u = np.sort(rng.random((count, 2)), axis=1)
    weights = np.stack([u[:, 0], u[:, 1] - u[:, 0], 1 - u[:, 1]], 1)
    return np.einsum("nk,nki->ni", weights, mesh[rng.choice(len(mesh), count, p=areas / areas.sum())])


def thing_at(store: AssetStore, shape: str, scale: Array, turn: Array, position: Array, gap: float = 0.0) -> Body:
    """A body of its own, with no tree yet."""
    return Body(shape, Solid(store.mesh(MeshRef(asset=f"shape/{shape}")), scale), turn, position, gap)
