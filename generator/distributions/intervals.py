"""Supports of values as closed intervals: what can be said about a value before it is drawn."""

import math
from collections.abc import Iterable

from generator.distributions.base import Distribution, Support


def ordered(ends: tuple[Distribution, Distribution]) -> None:
    """Raises ValueError when the first end always lies above the second."""
    low, high = ends[0].support(), ends[1].support()
    if low and high and low[0] > high[1]:
        raise ValueError(f"low end {low[0]:g} is above high end {high[1]:g}")


def hull(ends: tuple[Distribution, ...]) -> Support | None:
    """The smallest interval that holds the supports of all; None if one is unknown."""
    supports = [end.support() for end in ends]
    if any(s is None for s in supports):
        return None
    return min(s[0] for s in supports if s), max(s[1] for s in supports if s)


def inside(value: Distribution, low: float, high: float, what: str, unbounded: bool = False) -> None:
    """Raises ValueError when a value can leave [low, high]. `unbounded`: an infinite end passes, to be clipped."""
    support = value.support()
    if support is None:
        return
    for end, bad in ((support[0], support[0] < low), (support[1], support[1] > high)):
        if bad and (math.isfinite(end) or not unbounded):
            raise ValueError(f"{what} must be {within(low, high)}, but can be {end:g}")


def within(low: float, high: float) -> str:
    """An interval in words."""
    if math.isinf(high):
        return f"{low:g} or above"
    return f"{high:g} or below" if math.isinf(low) else f"within {low:g}..{high:g}"


def plus(a: Support, b: Support) -> Support:
    """All sums of a number of each."""
    return a[0] + b[0], a[1] + b[1]


def minus(a: Support, b: Support) -> Support:
    """All differences of a number of each."""
    return a[0] - b[1], a[1] - b[0]


def times(a: Support, b: Support) -> Support:
    """All products of a number of each; 0 times infinity is 0, as no value is infinite itself."""
    return around(0.0 if 0 in (x, y) else x * y for x in a for y in b)


def around(values: Iterable[float]) -> Support:
    """The smallest interval that holds these numbers."""
    listed = list(values)
    return min(listed), max(listed)
