"""Values as they stand in models: defaults, names a choice can take."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field

from generator.base.errors import did_you_mean
from generator.distributions.base import Constant, Distribution, Value
from generator.distributions.intervals import inside

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


def bounded(low: float, high: float = math.inf) -> Any:
    """The type of a scalar that stays within [low, high]. Unbounded laws pass: what they draw beyond is clipped."""

    def check(value: Distribution) -> Distribution:
        inside(value, low, high, "it", unbounded=True)
        return value

    return Annotated[Distribution, Value("scalar"), AfterValidator(check)]


def above_zero(value: Distribution) -> Distribution:
    """Raises ValueError for a value that can be 0 or less."""
    least = (value.support() or (1.0, 1.0))[0]
    if -math.inf < least <= 0:
        raise ValueError(f"it must be above 0, but can be {least:g}")
    return value


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
