"""How far the camera stands, so that objects look as large as in the real set: distance first, then the lens."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from generator.base.strict import Loc
from generator.fitting.text import KEPT, at
from generator.fitting.values import is_number, is_numbers, times

HERE: Loc = ("camera", "position")
MOST = math.log(8)  # a distance is changed by at most this factor
NEAREST = 0.03  # metres
LEFT = 0.2  # logarithm: a range of distances keeps a tenth to either side
LEAST = 0.01  # changes below one per cent are left out


@dataclass
class Ends:
    """How the near and the far end of a range of distances move: logarithms of factors. `width` is the logarithm of
    far over near as the author has it; what remains of it is at least LEFT, or all where there is less."""

    width: float = 0.0
    near: float = 0.0
    far: float = 0.0

    def move(self, high: float, low: float, half: float) -> None:
        """Move by how much too large (logarithms) the largest, the smallest and the median object look: the largest
        from the near end, the smallest from the far one; where nothing is left between the ends, both by the median."""
        near, far, left = self.near + high, self.far + low, min(LEFT, self.width)
        if self.width + far - near < left:
            middle, spare = self.middle + half, (self.width - left) / 2
            near, far = middle + spare, middle - spare
        self.near, self.far = (min(max(v, -MOST), MOST) for v in (near, far))

    @property
    def middle(self) -> float:
        return (self.near + self.far) / 2

    @property
    def still(self) -> bool:
        return max(abs(self.near), abs(self.far)) < LEAST

    def between(self, low: float, high: float, whole: tuple[float, float]) -> list[float]:
        """A part [low, high] of the distances `whole`, moved: in between, in proportion to the logarithm."""
        shares = (_share(value, whole, end) for value, end in ((low, 0.0), (high, 1.0)))
        moved = [v * math.exp((1 - t) * self.near + t * self.far) for v, t in zip((low, high), shares, strict=True)]
        return [max(NEAREST, v) for v in sorted(moved)]


def width(ranges: Sequence[Any]) -> float:
    """Logarithm of the greatest over the least distance; 0 where they are not known as numbers."""
    known = [r for r in ranges if is_numbers(r) and len(r) == 2 and r[0] > 0]
    return math.log(max(r[1] for r in known) / min(r[0] for r in known)) if known and len(known) == len(ranges) else 0.0


def _share(value: float, whole: tuple[float, float], end: float) -> float:
    low, high = whole
    return end if high <= low * 1.001 else math.log(value / low) / math.log(high / low)


def shells(raw: Any, loc: Loc = HERE) -> Iterator[tuple[Loc, Any]]:
    """Every shell that a position may be drawn from, with its place; (loc, None) for anything else."""
    if isinstance(raw, dict) and isinstance(raw.get("shell"), dict):
        yield (*loc, "shell", "radius"), raw["shell"].get("radius")
    elif isinstance(raw, dict) and isinstance(raw.get("pick"), list):
        for k, one in enumerate(raw["pick"]):
            yield from shells(one, (*loc, "pick", k))
    elif isinstance(raw, dict) and isinstance(raw.get("mixture"), list):
        for k, one in enumerate(raw["mixture"]):
            yield from shells(one.get("of"), (*loc, "mixture", k, "of"))
    else:
        yield loc, None


def camera(data: Any, position: Any, ends: Ends) -> dict[Loc, Any]:
    """Changes of the camera's distance: of shells, both ends; of a point, its distance from the aim; else the focal
    length. What only a lens can do, a wider range of sizes, it does."""
    if ends.still:
        return {}
    found = list(shells(position))
    if all(is_numbers(radius) and radius[0] > 0 for _, radius in found):
        if at(data, HERE) is None:  # from a preset
            found = [((*HERE, *loc[2:]), radius) for loc, radius in found]
        whole = (min(radius[0] for _, radius in found), max(radius[1] for _, radius in found))
        return {loc: ends.between(radius[0], radius[1], whole) for loc, radius in found}
    return _point(data, position, ends)


def _point(data: Any, position: Any, ends: Ends) -> dict[Loc, Any]:
    aim = at(data, ("camera", "aim")) or [0, 0, 0]
    factor, wider = math.exp(ends.middle), max(0.0, (ends.far - ends.near) / 2)
    result: dict[Loc, Any] = {}
    lens = 1.0
    if is_numbers(position) and is_numbers(aim):
        result[HERE] = [float(a + factor * (p - a)) for p, a in zip(position, aim, strict=True)]
    elif isinstance(position, list) and is_numbers(aim):
        result |= {(*HERE, k): moved(value, factor, a) for k, (value, a) in enumerate(zip(position, aim, strict=True))}
    else:
        lens = 1 / factor
    if wider > 0.03 or lens != 1:
        result[("camera", "focal_length")] = _lens(at(data, ("camera", "focal_length")), lens, wider)
    return result


def moved(raw: Any, factor: float, origin: float) -> Any:
    """A coordinate, `factor` times as far from `origin`."""
    if is_number(raw):
        return float(origin + factor * (raw - origin))
    return {"sum": [float(origin * (1 - factor)), times(raw, factor)]} if origin else times(raw, factor)


def _lens(raw: Any, factor: float, wider: float) -> Any:
    raw = 50.0 if raw is None else raw
    if wider <= 0.03:
        return times(raw, factor)
    law = {"log_uniform": [factor * math.exp(-wider), factor * math.exp(wider)]}
    return {"log_uniform": [raw * v for v in law["log_uniform"]]} if is_number(raw) else {"product": [KEPT, law]}


def frustum(data: Any, group: str, ends: Ends) -> dict[Loc, Any]:
    """Changes of how far a floating group is, or of how large it is drawn."""
    place = ("objects", group, "place")
    if ends.still:
        return {}
    if (size := at(data, (*place, "size"))) is not None:
        return {(*place, "size"): times(size, math.exp(-ends.middle))}
    near, far = at(data, (*place, "depth")) or (0.3, 1.5)
    return {(*place, "depth"): ends.between(near, far, (near, far))}


def scaled(data: Any, group: str, shift: float) -> dict[Loc, Any]:
    """Changes of a group's own size by exp(shift)."""
    raw, loc = at(data, ("objects", group, "scale")), ("objects", group, "scale")
    if abs(shift) < LEAST:
        return {}
    if isinstance(raw, list):
        return {(*loc, k): times(value, math.exp(shift)) for k, value in enumerate(raw)}
    return {loc: times(1.0 if raw is None else raw, math.exp(shift))}
