"""Values as they stand in models: bounds, defaults, names a choice can take."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, model_serializer

from generator.base.draw import Draw
from generator.base.errors import did_you_mean
from generator.distributions.base import Constant, Distribution, Support, Value
from generator.distributions.intervals import inside
from generator.distributions.quantiles import law

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
Name = Annotated[str, Field(pattern=NAME)]
NEVER = 1e-9  # the probability of what is not drawn in all the frames of a run


class Limited(Distribution):
    """A scalar moved to the nearer of two ends where what is drawn lies beyond: how laws without ends stay in bounds.
    Written and read as the value itself."""

    value: Distribution
    low: float
    high: float

    def sample(self, draw: Draw) -> float:
        return self._moved(self.value.sample(draw))

    def support(self) -> Support:
        low, high = self.value.support() or (self.low, self.high)
        return self._moved(low), self._moved(high)

    def parts(self) -> tuple[Distribution, ...]:
        return (self.value,)

    def _moved(self, value: float) -> float:
        return float(min(max(value, self.low), self.high))

    @model_serializer
    def _plain(self) -> Any:
        return Value.dump(self.value)


def bounded(low: float, high: float = math.inf) -> Any:
    """The type of a scalar within [low, high]. Laws that know no end pass: what they draw beyond is moved to it."""

    def check(value: Distribution) -> Distribution:
        inside(value, low, high, "it", unbounded=True)
        least, most = value.support() or (-math.inf, math.inf)
        return value if low <= least and most <= high else Limited(value=value, low=low, high=high)

    return Annotated[Distribution, Value("scalar"), AfterValidator(check)]


def above_zero(value: Distribution) -> Distribution:
    """Raises ValueError for a value that can be 0 or less, seldom though it may be."""
    low, _ = value.support() or (1.0, 1.0)
    if low <= 0:
        _refuse_tail(value, low)
    return value


def mostly_above_zero(value: Distribution) -> Distribution:
    """Raises ValueError for a value that can be negative, or is always 0. That it may be 0 now and then is allowed:
    a shared value may make a count 0 in the same scenes."""
    low, high = value.support() or (1.0, 1.0)
    if low < 0 or high <= 0:
        _refuse_tail(value, low)
    return value


def _refuse_tail(value: Distribution, low: float) -> None:
    """A tail without end passes where it hardly ever reaches down to 0; all else is refused."""
    known = law(value)
    if math.isfinite(low):
        raise ValueError(f"it must be above 0, but can be {low:g}")
    if known is None or known.cdf(0.0) > NEVER:
        cure = "cut off its tail, as {normal: [1, 0.5], clip: [0.1, .inf]} does"
        raise ValueError(f"it must be above 0, but can be {low:g}; {cure}")


if TYPE_CHECKING:
    Share: TypeAlias = Distribution
    Count: TypeAlias = Distribution
    Least1: TypeAlias = Distribution
    Kelvin: TypeAlias = Distribution
else:
    Share = bounded(0, 1)  # a share or a probability
    Count = bounded(0)  # what cannot be negative
    Least1 = bounded(1)
    Kelvin = bounded(500, 40_000)
Positive = Annotated[Distribution, Value("scalar"), AfterValidator(above_zero)]
Extent = Annotated[Distribution, Value("scalar"), AfterValidator(mostly_above_zero)]


def number(value: float) -> Any:
    """A scalar constant as a field's default."""
    return Constant(value=float(value))


def srgb(*rgb: float) -> Any:
    """An sRGB colour as a field's default."""
    return Value("color").parse(list(rgb))


def point(*xyz: float) -> Any:
    """A point as a field's default."""
    return Value("position").parse(list(xyz))


def choices(value: Distribution) -> set[str]:
    """Every name a choice can take."""
    if isinstance(value, Constant):
        return {value.value}
    return {name for one in value.parts() for name in choices(one)}


def known(value: Distribution, names: Iterable[str], what: str = "kind") -> None:
    """Raises ValueError for a name that a choice can take and that is none of `names`."""
    for name in sorted(choices(value) - set(names)):
        raise ValueError(f"unknown {what} {name!r}{did_you_mean(name, names)}")
