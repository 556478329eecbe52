"""Layers of a scene seen from the camera: clutter that fills the whole view, and things before others.

After Hinterstoisser et al., "An annotation saved is an annotation earned", 2019, section 3: background objects are
placed until every pixel of the view is covered; occluders hide a part of a foreground object.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import PlacementError
from generator.base.geometry import Array, Camera
from generator.sampling.meshes import Body
from generator.sampling.things import Filling, Thing, thing
from generator.sampling.views import eye, in_world, radius_of, through

LONGER = 160  # rays along the longer side of the view, by which clutter is known to cover it
MOST = 5000  # objects of clutter
SIZE = 0.2  # of clutter, by default
GRID = 32  # rays along each side of a target's image box
CLOSE = 0.03  # how near the hidden share must come to the wanted one


def clutter(name: str, filling: Filling) -> Iterator[tuple[Thing, Body]]:
    """Objects of a background group, one after the other where the view is still open, until it is closed.

    Each is aimed at one of the rays that no earlier one stops. Raises PlacementError when they never fill the view.
    """
    camera = filling.camera
    scale = LONGER / max(camera.width, camera.height)
    width, height = (max(1, round(side * scale)) for side in (camera.width, camera.height))
    grid = camera.scaled(width, height)
    rays = grid.rays((0, 0, width, height)).reshape(-1, 3)
    open_ = np.flatnonzero(np.isfinite(rays).all(1))
    for k in range(MOST):
        if not len(open_):
            return
        one = thing(name, k, filling)
        u, w = (one.draw / "place" / "tries").rng().random(2)
        body = _aimed(one, filling, rays[open_[int(u * len(open_))]], float(w))
        left = open_[~_stopped(body, grid, rays[open_], open_)]
        if len(left) < len(open_):
            yield one, body
        open_ = left
    share = len(open_) / len(rays)
    raise PlacementError(
        f"{MOST} objects of {name} leave {share:.1%} of the view open; raise its `size`, or take things without holes"
    )


def _aimed(one: Thing, filling: Filling, ray: Array, w: float) -> Body:
    """The thing on a ray, as large as it shall look there."""
    place, camera = one.group.place, filling.camera
    depth = place.depth[0] + (place.depth[1] - place.depth[0]) * w
    size = float(place.size.sample(one.draw / "place" / "size")) if place.size is not None else SIZE
    factor = radius_of(size, depth, camera) / filling.solids.fresh(one.ref, one.scale).radius
    solid = filling.solids.fresh(one.ref, one.scale * factor)
    return Body(one.name, solid, one.rotation, np.zeros(3)).around(in_world(camera, ray * depth))


def _stopped(body: Body, grid: Camera, rays: Array, index: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which rays (n, 3), those of pixels `index` of a grid, the body stops: only those in its image box are cast."""
    pixels, _ = grid.project(body.points)
    stopped = np.zeros(len(rays), bool)
    near = np.ones(len(rays), bool)
    if np.isfinite(pixels).all():
        at = np.stack([index % grid.width, index // grid.width], 1) + 0.5
        near = ((at >= pixels.min(0)) & (at <= pixels.max(0))).all(1)
    stopped[near] = np.isfinite(_cast(body, grid, rays[near]))
    return stopped


def _cast(body: Body, camera: Camera, rays: Array) -> Array:
    """Ray parameters (n,) at which directions (n, 3) of the camera frame hit a body, inf where they do not."""
    directions = rays @ camera.world_from_camera[:3, :3].T
    return body.hits(np.broadcast_to(eye(camera), directions.shape), directions)


@dataclass(frozen=True)
class Target:
    """What shall be hidden: the rays (n, 3) of the camera that hit it and how far away, their mean, and how far they
    spread from it."""

    body: Body
    rays: Array
    depth: Array

    @property
    def middle(self) -> Array:
        return self.rays.mean(0)

    @property
    def reach(self) -> float:
        return float(np.linalg.norm(self.rays - self.middle, axis=1).max())


def target(body: Body, camera: Camera) -> Target | None:
    """The part of a body within the image; None where there is none."""
    pixels, _ = camera.project(body.points)
    seen = pixels[np.isfinite(pixels).all(1)] / [camera.width, camera.height]
    if not len(seen):
        return None
    low, high = seen.min(0).clip(0, 1), seen.max(0).clip(0, 1)
    if (high <= low).any():
        return None
    u, v = ((np.arange(GRID) + 0.5) / GRID * (b - a) + a for a, b in zip(low, high, strict=True))
    rays = through(camera, np.stack(np.meshgrid(u, v), -1).reshape(-1, 2))
    rays = rays[np.isfinite(rays).all(1)]
    depth = _cast(body, camera, rays)
    hit = np.isfinite(depth)
    return Target(body, rays[hit], depth[hit]) if hit.any() else None


def hiding(one: Thing, filling: Filling) -> Iterator[Body]:
    """Places between the camera and one object of the group that the thing shall hide, as many as there are tries:
    those that hide the wanted share as they are found, then the others, the nearest to it first."""
    place, draw = one.group.place, one.draw / "place"
    targets = [t for body in filling.groups.get(place.before or "", []) if (t := target(body, filling.camera))]
    if not targets:
        return
    chosen = targets[int((draw / "target").uniform() * len(targets))]
    cover = float(np.clip(place.cover.sample(draw / "cover"), 0, 1))
    numbers = (draw / "tries").rng().random((place.tries, 2))
    spare: list[tuple[float, int, Body]] = []
    for k, (u, w) in enumerate(numbers):
        body = _between(one, filling, chosen, float(numbers[k - k % 25, 1]) if place.size is not None else float(w))
        if body is None:
            continue
        body, hidden = _shifted(body, chosen, filling.camera, 2 * np.pi * u, cover)
        if filling.sunk(body, chosen.body):
            continue
        if abs(hidden - cover) <= CLOSE:
            yield body
        else:
            spare.append((abs(hidden - cover), k, body))
    yield from (body for _, _, body in sorted(spare, key=lambda s: s[:2]))


def _between(one: Thing, filling: Filling, chosen: Target, w: float) -> Body | None:
    """The thing right before the target's middle, somewhere on the half of the way nearer to it; None without room."""
    place, camera, body = one.group.place, filling.camera, filling.body(one)
    room = float(chosen.depth.min()) - place.gap
    if place.size is None:
        far, near = room - body.solid.radius, body.solid.radius + 0.01
    else:
        share = radius_of(float(place.size.sample(one.draw / "place" / "size")), 1.0, camera)
        far, near = room / (1 + share), 0.0
    depth = max(far / 2, near) + (far - max(far / 2, near)) * w
    if far <= near:
        return None
    if place.size is not None:
        body = filling.body(one, share * depth / body.solid.radius)
    return body.around(in_world(camera, chosen.middle * depth))


def _shifted(body: Body, chosen: Target, camera: Camera, angle: float, cover: float) -> tuple[Body, float]:
    """The body moved sideways until it hides `cover` of the target, and how much it hides then: bisection of a share
    that falls the further it is moved."""
    sideways = camera.world_from_camera[:3, :3] @ np.array([np.cos(angle), np.sin(angle), 0])
    depth = float(np.linalg.norm(body.center - eye(camera)) / np.linalg.norm(chosen.middle))
    low, high = 0.0, chosen.reach * depth + 2 * body.solid.radius
    hidden = _hidden(body, chosen, camera)
    if hidden <= cover:
        return body, hidden
    for _ in range(12):
        middle = (low + high) / 2
        moved = body.at(body.position + middle * sideways)
        hidden = _hidden(moved, chosen, camera)
        low, high = (middle, high) if hidden > cover else (low, middle)
    return moved, hidden


def _hidden(body: Body, chosen: Target, camera: Camera) -> float:
    """Share of the target's rays that the body stops before."""
    return float((_cast(body, camera, chosen.rays) < chosen.depth).mean())
