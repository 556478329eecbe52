"""Objects dropped and settled: a step from one `SceneSample` to another, whose result is what is stored."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from generator.assets.convex import convex_parts
from generator.assets.store import AssetStore
from generator.base.geometry import Array, rotation_matrix
from generator.base.scene import ObjectSample, Pose, SceneSample
from generator.sampling.dynamics import Rest, Solid, fall
from generator.sampling.scope import vector

UNMOVED = 1e-4  # metres: what moved less was at rest, and keeps the pose it had
ASIDE = 1.0  # metres
DEEP = 1e-3  # metres: an overlap that can be seen


def settle(
    sample: SceneSample, groups: Collection[str], store: AssetStore, seconds: float, friction: float, bounce: float
) -> SceneSample:
    """The scene after its objects of these groups (named GROUP/k) have fallen, by their true shapes.

    The ground is the plane z = 0, even where no stage is seen; all other objects stand where they are and are fallen
    on, as are walls and ceilings (their windows shut). What comes to rest with its middle beyond the stage is left out.
    Notes the facts `physics.settled` (1 where all came to rest in time and nothing overlaps by a millimetre) and
    `physics.lost` (how many were left out).

    Objects must not overlap at the start: those that do are thrown apart, mostly out of the scene.
    """
    free = {k: one for k, one in enumerate(sample.objects) if falls(one, groups)}
    standing = [one for k, one in enumerate(sample.objects) if k not in free]
    falling = [solid(one, store, free=True) for one in free.values()]
    rest = fall([*falling, *obstacles(standing, falling, store)], seconds, max(0.0, friction), bounce)
    moved = dict(zip(free, landed(list(free.values()), falling, rest), strict=True))
    gone = {k for k, one in moved.items() if not on_stage(one, sample, store)}
    facts = {"physics.settled": float(rest.still and rest.overlap < DEEP), "physics.lost": float(len(gone))}
    objects = tuple(moved.get(k, one) for k, one in enumerate(sample.objects) if k not in gone)
    return sample.model_copy(update={"objects": objects, "facts": dict(sorted((sample.facts | facts).items()))})


def falls(one: ObjectSample, groups: Collection[str]) -> bool:
    """Whether an object is of one of these groups."""
    return one.name.partition("/")[0] in groups and not one.backdrop


def solid(one: ObjectSample, store: AssetStore, free: bool, whole: bool = False) -> Solid:
    """An object's convex parts, or, taken as a `whole`, the corners of its hull."""
    mesh, scale = store.mesh(one.mesh), np.array(one.pose.scale)
    parts = (mesh.surface.astype(float),) if whole else convex_parts(mesh)
    return Solid(tuple(part * scale for part in parts), np.array(one.pose.position), np.array(one.pose.rotation), free)


def obstacles(standing: Sequence[ObjectSample], falling: Sequence[Solid], store: AssetStore) -> list[Solid]:
    """What of the `standing` objects is in the way of the falling ones: nothing above the highest of these, nor below
    the ground, and no object further than a metre aside from all of them. The stage is the ground itself."""
    if not falling:
        return []
    places = np.concatenate([points(one) for one in falling])
    low, high = [*(places.min(0)[:2] - ASIDE), 0.0], [*(places.max(0)[:2] + ASIDE), places[:, 2].max()]
    found = []
    for one in standing:
        if one.name == "stage":
            continue
        bounds = corners(one, store)
        meets = (bounds.min(0) < high) & (bounds.max(0) > low)
        if meets[2] and (one.backdrop or meets.all()):
            found.append(solid(one, store, free=False, whole=one.backdrop))
    return found


def points(one: Solid) -> Array:
    """Corners of a solid's parts in the world (n, 3)."""
    return np.concatenate(one.parts) @ rotation_matrix(one.rotation).T + one.position


def corners(one: ObjectSample, store: AssetStore) -> Array:
    """The eight corners (8, 3) of an object's bounds, in the world."""
    low, high = store.mesh(one.mesh).bounds
    box = np.where(np.indices((2, 2, 2)).reshape(3, 8).T == 1, high, low)
    pose = one.pose.matrix()
    return np.asarray(box @ pose[:3, :3].T + pose[:3, 3])


def landed(free: Sequence[ObjectSample], falling: Sequence[Solid], rest: Rest) -> list[ObjectSample]:
    """The objects where they came to rest."""
    result = []
    for one, before, position, rotation in zip(free, falling, rest.positions, rest.rotations, strict=True):
        cosine = abs(float(rotation @ before.rotation)) / float(np.linalg.norm(before.rotation))
        turn = 2 * math.acos(min(1.0, cosine))
        if not np.linalg.norm(position - before.position) + turn * before.radius <= UNMOVED:  # or not a number
            w, x, y, z = map(float, rotation)
            pose = Pose(position=vector(position), rotation=(w, x, y, z), scale=one.pose.scale)
            one = one.model_copy(update={"pose": pose})
        result.append(one)
    return result


def on_stage(one: ObjectSample, sample: SceneSample, store: AssetStore) -> bool:
    """Whether the middle of an object lies over the stage, if that has an end, and is anywhere at all."""
    middle = corners(one, store).mean(0)
    size = [sample.facts.get(f"stage.size.{axis}", np.inf) for axis in "xy"]
    return bool(np.isfinite(middle).all() and (abs(middle[:2]) <= np.array(size) / 2).all())
