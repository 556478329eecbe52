"""Where one thing may stand: candidates in the order of their tries, and the first that is free."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from generator.base.errors import PlacementError
from generator.base.geometry import Array
from generator.sampling.curriculum import facing
from generator.sampling.layers import hiding
from generator.sampling.meshes import Body
from generator.sampling.resting import UP, dropped, spot_on
from generator.sampling.things import Filling, Thing
from generator.sampling.views import eye, in_world, radius_of, through
from generator.spec.scene import Volume

DEPTHS = 25  # tries at one depth: another depth is another size, and takes another tree for collisions


class Try(NamedTuple):
    """A candidate place, which may be nearer than the gap to `on`; or none, and `why`."""

    body: Body | None
    why: str = ""
    on: Body | None = None


def placed(thing: Thing, filling: Filling) -> Body | None:
    """The thing where there is room for it; None when there is none and the spec says to leave it out.

    Raises PlacementError otherwise.
    """
    failed: Counter[str] = Counter()
    way, tell = ways(thing, filling)
    for one in way(thing, filling):
        if one.body is None:
            failed[one.why] += 1
            continue
        other = filling.crowd.blocker(one.body, [one.on] if one.on else []) if thing.group.place.collide else None
        if other is None:
            return one.body
        failed[f"too near {other.name}"] += 1
    if thing.group.place.short == "skip":
        return None
    raise PlacementError(refusal(thing, filling, failed, *tell))


Way = Callable[[Thing, Filling], Iterator[Try]]


def ways(thing: Thing, filling: Filling) -> tuple[Way, tuple[str, str]]:
    """How candidates are found, and for errors: where that is, and what would help."""
    place, less = thing.group.place, "lower `count`, `scale` or `gap`"
    if place.at is not None:
        return at_position, ("at its position", "move it, lower `gap`, or say `collide: false`")
    if place.before:
        return before_group, (f"before {place.before}", "lower `size`, `scale` or `gap`, or move the camera away")
    if isinstance(place.in_, Volume):
        return in_volume, ("in its box", f"enlarge the box, or {less}")
    if place.in_:
        return in_frustum, (
            "in the view",
            "widen `depth`, raise `overlap` or `crop`, or lower `count`, `size`, `scale` or `gap`",
        )
    if place.on != "stage":
        return on_group, (f"on {place.on}", f"make {place.on} larger or more, or {less}")
    x, y = filling.areas[thing.name.split("/")[0]][0]
    return on_stage, (f"on {x:.3g} x {y:.3g} m of the stage", f"enlarge `area` or the stage, or {less}")


def refusal(thing: Thing, filling: Filling, failed: Counter[str], where: str, cure: str) -> str:
    """What could not be placed, why, and what to do."""
    across = 2 * filling.body(thing).solid.radius
    reasons = [f"{n} {why}" for why, n in sorted(failed.items(), key=lambda one: (-one[1], one[0]))]
    told = ", ".join(reasons[:3]) + (", ..." if len(reasons) > 3 else "")
    tries = failed.total()
    return (
        f"no room for {thing.name} ({thing.ref.asset}, {across:.3g} m across) {where} after "
        f"{tries} {'try' if tries == 1 else 'tries'} ({told}) with {filling.contents()} placed; "
        f"{cure}, or leave it out with `short: skip`"
    )


def chances(thing: Thing, size: int) -> Array:
    """Numbers in [0, 1) for every try (tries, size)."""
    return (thing.draw / "place" / "tries").rng().random((thing.group.place.tries, size))


def at_position(thing: Thing, filling: Filling) -> Iterator[Try]:
    """The position; drawn anew for every try where it is random."""
    at, draw = thing.group.place.at, thing.draw / "place"
    assert at is not None
    body, seen = filling.body(thing), set()
    for k in range(thing.group.place.tries):
        position = np.asarray(at.sample(draw / "at" if k == 0 else draw / "tries" / k), float)
        if tuple(position) not in seen:
            seen.add(tuple(position))
            yield Try(body.at(position))


def on_stage(thing: Thing, filling: Filling) -> Iterator[Try]:
    """On z = 0, the middle of its bounds within the area."""
    size, middle = filling.areas[thing.name.split("/")[0]]
    body = filling.body(thing)
    height = -float(body.span[0, 2]) - float(thing.group.place.sink.sample(thing.draw / "place" / "sink"))
    for at in chances(thing, 2):
        spot = (at - 0.5) * size + middle - body.span[:, :2].mean(0)
        yield Try(body.at(np.array([*spot, height])))


def in_volume(thing: Thing, filling: Filling) -> Iterator[Try]:
    """The middle of its bounds in the box."""
    volume = thing.group.place.in_
    assert isinstance(volume, Volume)
    low, high = np.array(volume.box)
    body = filling.body(thing)
    for at in chances(thing, 3):
        yield Try(body.at(low + at * (high - low) - body.span.mean(0)))


def in_frustum(thing: Thing, filling: Filling) -> Iterator[Try]:
    """Uniform over the image and over the depths; or as the curriculum says."""
    place, numbers, body = thing.group.place, chances(thing, 3), filling.body(thing)
    for k, (u, v, w) in enumerate(numbers):
        if place.size is not None:
            w = numbers[k - k % DEPTHS, 2]
        depth = thing.lesson.depth if thing.lesson else place.depth[0] + (place.depth[1] - place.depth[0]) * w
        spot = in_world(filling.camera, through(filling.camera, np.array([u, v])) * depth)
        if not np.isfinite(spot).all():
            yield Try(None, "where the lens sees nothing")
            continue
        floating = _floating(thing, body, filling, spot, depth)
        if filling.picture.fits(floating, place.overlap, place.crop):
            yield Try(floating)
        else:
            yield Try(None, "overlapped or cut by the image's edge too much")


def _floating(thing: Thing, body: Body, filling: Filling, spot: Array, depth: float) -> Body:
    """The body at a spot: as it is, as large as it shall look, or as the curriculum turns it."""
    camera = filling.camera
    if thing.lesson:
        towards = eye(camera) - spot
        towards /= np.linalg.norm(towards)
        turn = facing(thing.lesson.direction, thing.lesson.turn, towards, -camera.world_from_camera[:3, 1])
        return filling.body(thing, rotation=turn).around(spot)
    if thing.group.place.size is None:
        return body.at(spot - body.span.mean(0))
    size = float(thing.group.place.size.sample(thing.draw / "place" / "size"))
    return filling.body(thing, radius_of(size, depth, camera) / body.solid.radius).around(spot)


def on_group(thing: Thing, filling: Filling) -> Iterator[Try]:
    """Let down on a level face of one of the group's objects, where it does not tip over."""
    place = thing.group.place
    supports = filling.groups.get(place.on or "", [])
    body, sink = filling.body(thing), float(place.sink.sample(thing.draw / "place" / "sink"))
    for which, face, u, v in chances(thing, 4):
        if not supports:
            yield Try(None, f"without any {place.on}")
            continue
        support = supports[int(which * len(supports))]
        spot = spot_on(support, face, np.array([u, v]))
        if spot is None:
            yield Try(None, f"on {support.name} without a level face")
            continue
        rested = dropped(body.at(np.array([*(spot[:2] - body.span[:, :2].mean(0)), spot[2]])), support)
        if rested is None:
            yield Try(None, f"tipping off {support.name}")
        elif filling.sunk(rested, support):
            yield Try(None, f"hanging from {support.name} below the stage")
        else:
            yield Try(rested.at(rested.position - UP * sink), on=support)


def before_group(thing: Thing, filling: Filling) -> Iterator[Try]:
    """Between the camera and one of the group's objects, nearest to the wanted cover first where it cannot be met."""
    found = False
    for body in hiding(thing, filling):
        found = True
        yield Try(body)
    if not found:
        yield Try(None, f"without any {thing.group.place.before} in view and room before it")
