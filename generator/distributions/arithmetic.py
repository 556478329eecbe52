"""Arithmetic between values, by named maps. Every term is drawn for itself; bounds follow by interval arithmetic
(Moore, "Interval Analysis", 1966), so that what can be refused is refused before anything is drawn."""

import math
from functools import reduce
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import (
    REGISTRY,
    Bound,
    Constant,
    Distribution,
    Position,
    Scalar,
    Support,
    distribution,
)
from generator.distributions.intervals import around, minus, plus, times

Example = list[dict[str, Any]]
V = TypeVar("V")
Terms = Annotated[tuple[V, ...], Field(min_length=1)]


def drawn(terms: tuple[Any, ...], draw: Draw) -> list[Any]:
    """Each term from a stream named by its place in the list."""
    return [term.sample(draw / k) for k, term in enumerate(terms)]


def supports(*terms: Any) -> list[Support] | None:
    """The support of every term, or None where one is unknown."""
    found = [term.support() for term in terms]
    return None if None in found else found


class Sum(Distribution, Generic[V]):
    """All of a list added up: numbers, or positions as offsets of each other."""

    sum: Terms[V]
    EXAMPLES: ClassVar[Example] = [{"sum": [1, {"uniform": [0, 1]}, {"normal": [0, 0.1], "clip": [-0.3, 0.3]}]}]

    def sample(self, draw: Draw) -> Any:
        return reduce(np.add, drawn(self.sum, draw))

    def support(self) -> Support | None:
        known = supports(*self.sum)
        return reduce(plus, known) if known else None


REGISTRY("sum")({"scalar": Sum[Scalar], "position": Sum[Position]})


@distribution("difference", "scalar")
class Difference(Distribution):
    """The first less the second."""

    difference: tuple[Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"difference": [{"uniform": [2, 3]}, {"uniform": [0, 1]}]}]

    def sample(self, draw: Draw) -> float:
        first, second = drawn(self.difference, draw)
        return float(first - second)

    def support(self) -> Support | None:
        known = supports(*self.difference)
        return minus(*known) if known else None


@distribution("product", "scalar")
class Product(Distribution):
    """All of a list multiplied."""

    product: Terms[Scalar]
    EXAMPLES: ClassVar[Example] = [{"product": [{"uniform": [-1, 2]}, {"log_uniform": [0.5, 2]}]}]

    def sample(self, draw: Draw) -> float:
        return float(math.prod(drawn(self.product, draw)))

    def support(self) -> Support | None:
        known = supports(*self.product)
        return reduce(times, known) if known else None


@distribution("ratio", "scalar")
class Ratio(Distribution):
    """The first divided by the second, which must never be 0."""

    ratio: tuple[Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"ratio": [{"uniform": [-1, 1]}, {"uniform": [2, 4]}]}]

    def model_post_init(self, context: Any) -> None:
        below = self.ratio[1].support()
        if below is None or below[0] <= 0 <= below[1]:
            raise ValueError("the divisor can be 0; keep it away from there, as {uniform: [1, 2]} or `truncated` do")

    def sample(self, draw: Draw) -> float:
        first, second = drawn(self.ratio, draw)
        return float(first / second)

    def support(self) -> Support | None:
        known = supports(*self.ratio)
        return around(0.0 if math.isinf(y) else x / y for x in known[0] for y in known[1]) if known else None


@distribution("power", "scalar")
class Power(Distribution):
    """The first to the power of the second. A base that can be negative needs a whole constant exponent."""

    power: tuple[Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"power": [{"uniform": [-2, 3]}, 2]}, {"power": [10, {"uniform": [-2, 1]}]}]

    def model_post_init(self, context: Any) -> None:
        known = supports(*self.power)
        low, least = (known[0][0], known[1][0]) if known else (-math.inf, -math.inf)
        if least < 0 and not (low > 0 or (known and known[0][1] < 0)):
            raise ValueError("the base can be 0 and the exponent negative")
        if low < 0 and not (isinstance(self.power[1], Constant) and float(self.power[1].value).is_integer()):
            raise ValueError("the base can be negative, so the exponent must be a whole number")

    def sample(self, draw: Draw) -> float:
        return raised(*drawn(self.power, draw))

    def support(self) -> Support | None:
        known = supports(*self.power)
        if known is None:
            return None
        base = known[0]
        turning = [0.0] if base[0] < 0 < base[1] else []
        return around(raised(x, y) for x in (*base, *turning) for y in known[1])


def raised(base: float, exponent: float) -> float:
    """base ** exponent, infinite rather than an error where that is too large."""
    with np.errstate(over="ignore"):
        return float(np.float_power(base, exponent))


@distribution("minimum", "scalar")
class Minimum(Distribution):
    """The least of a list."""

    minimum: Terms[Scalar]
    EXAMPLES: ClassVar[Example] = [{"minimum": [{"uniform": [0, 2]}, {"uniform": [1, 3]}]}]

    def sample(self, draw: Draw) -> float:
        return float(min(drawn(self.minimum, draw)))

    def support(self) -> Support | None:
        known = supports(*self.minimum)
        return (min(low for low, _ in known), min(high for _, high in known)) if known else None


@distribution("maximum", "scalar")
class Maximum(Distribution):
    """The greatest of a list."""

    maximum: Terms[Scalar]
    EXAMPLES: ClassVar[Example] = [{"maximum": [{"uniform": [0, 2]}, {"uniform": [1, 3]}]}]

    def sample(self, draw: Draw) -> float:
        return float(max(drawn(self.maximum, draw)))

    def support(self) -> Support | None:
        known = supports(*self.maximum)
        return (max(low for low, _ in known), max(high for _, high in known)) if known else None


@distribution("clamp", "scalar")
class Clamp(Distribution):
    """Another value, moved to the nearer end where it lies outside [low, high] (.inf leaves an end open). Piles up at
    the ends, unlike `truncated`."""

    clamp: tuple[Bound, Bound]
    of: Scalar
    EXAMPLES: ClassVar[Example] = [{"clamp": [0, 1], "of": {"normal": [0.5, 0.5]}}]

    def model_post_init(self, context: Any) -> None:
        if self.clamp[0] > self.clamp[1]:
            raise ValueError(f"low end {self.clamp[0]:g} is above high end {self.clamp[1]:g}")

    def sample(self, draw: Draw) -> float:
        return self._moved(self.of.sample(draw / "of"))

    def support(self) -> Support | None:
        low, high = self.of.support() or self.clamp
        return self._moved(low), self._moved(high)

    def _moved(self, value: float) -> float:
        return float(min(max(value, self.clamp[0]), self.clamp[1]))


@distribution("round", "scalar")
class Round(Distribution):
    """Another value, rounded to the nearest multiple of `to` (halves go up)."""

    round: Scalar
    to: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    EXAMPLES: ClassVar[Example] = [{"round": {"log_uniform": [1, 100]}}, {"round": {"uniform": [0, 360]}, "to": 15}]

    def sample(self, draw: Draw) -> float:
        return self._rounded(self.round.sample(draw / "of"))

    def support(self) -> Support | None:
        inner = self.round.support()
        return (self._rounded(inner[0]), self._rounded(inner[1])) if inner else None

    def _rounded(self, value: float) -> float:
        return math.floor(value / self.to + 0.5) * self.to if math.isfinite(value) else value
