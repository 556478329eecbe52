"""The protocol of a distribution, and how YAML becomes one."""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from generator.base.draw import Draw
from generator.base.errors import did_you_mean
from generator.base.geometry import Array
from generator.base.registry import Registry
from generator.base.strict import Fault, Strict, faults, nested

Kind = Literal["scalar", "choice", "color", "position", "rotation"]
KINDS: tuple[Kind, ...] = ("scalar", "choice", "color", "position", "rotation")
Support = tuple[float, float]


class Distribution(Strict):
    """A value drawn from a named stream: the same draw gives the same value."""

    EXAMPLES: ClassVar[list[dict[str, Any]]] = []

    @abstractmethod
    def sample(self, draw: Draw) -> Any:
        """float for a scalar, str for a choice, linear RGB (3,) for a color, metres (3,) for a position, a unit
        quaternion w x y z (4,) for a rotation."""

    def support(self) -> Support | None:
        """Least and greatest value a scalar can take, maybe infinite; None where that has no meaning."""
        return None

    def parts(self) -> tuple["Distribution", ...]:
        """The values of the same kind that this one may turn into; none for one that makes its own."""
        return ()


class Law(Distribution):
    """A scalar whose distribution function and its inverse are known, once its parameters are constants.

    That buys an exact test, and use inside `truncated`, `grid` and `sobol`.
    """

    @abstractmethod
    def cdf(self, x: float) -> float:
        """P(X <= x)."""

    @abstractmethod
    def ppf(self, p: float) -> float:
        """The quantile of p in [0, 1): X has this law when p is uniform."""

    def closed(self) -> bool:
        """Whether all parameters are constants."""
        values = [getattr(self, name) for name in type(self).model_fields]
        flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
        return all(isinstance(v, Constant) for v in flat if isinstance(v, Distribution))

    def below(self, x: float) -> float:
        """P(X < x)."""
        return self.cdf(x)

    def mass(self, low: float, high: float) -> float:
        """P(low <= X <= high)."""
        return self.cdf(high) - self.below(low)

    def between(self, p: float, low: float, high: float) -> float:
        """The quantile of p in [0, 1) of this law conditioned on [low, high]."""
        return min(max(self.ppf(self.below(low) + self.mass(low, high) * p), low), high)


class WholeLaw(Law):
    """A law on the whole numbers. Its quantile of p is the smallest number k with cdf(k) > p."""

    @abstractmethod
    def guess(self, p: float) -> float:
        """A whole number near the quantile of p."""

    def ppf(self, p: float) -> float:
        low, high = self.support() or (-math.inf, math.inf)
        k = min(max(self.guess(p), low), high)
        while k > low and self.cdf(k - 1) > p:
            k -= 1
        while k < high and self.cdf(k) <= p:
            k += 1
        return float(k)

    def below(self, x: float) -> float:
        return self.cdf(math.ceil(x) - 1) if math.isfinite(x) else self.cdf(x)

    def between(self, p: float, low: float, high: float) -> float:
        last = math.nextafter(self.cdf(high), 0.0)  # rounding must not reach the first number above `high`
        return self.ppf(min(self.below(low) + self.mass(low, high) * p, last))


D = TypeVar("D", bound=type[Distribution])
REGISTRY: Registry[dict[Kind, type[Distribution]]] = Registry("distribution", "generator.distributions")


def distribution(name: str, *kinds: Kind) -> Callable[[D], D]:
    """Register a class as the distribution `name` for values of these kinds. Its YAML key is `name`."""

    def register(cls: D) -> D:
        REGISTRY(name)({kind: cls for kind in kinds})
        return cls

    return register


def named(kind: Kind) -> dict[str, type[Distribution]]:
    """All distributions of a kind by name."""
    return {name: entry[kind] for name, entry in REGISTRY.items() if kind in entry}


class Constant(Distribution):
    """A value that is what it is."""

    value: Any

    def sample(self, draw: Draw) -> Any:
        return self.value

    def support(self) -> Support | None:
        return (self.value, self.value) if isinstance(self.value, float) else None


class Value:
    """The pydantic type of "a value of this kind, or a distribution of such values"."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(self.dump)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"value_kind": self.kind}  # spec/schema.py says once what each kind may be

    def parse(self, raw: Any) -> Distribution:
        """Plain YAML data to a distribution. Raises a pydantic error that carries every problem with its path."""
        if isinstance(raw, Distribution):
            return raw
        if isinstance(raw, dict):
            return self._named(raw)
        constant = CONSTANTS[self.kind](raw)
        if isinstance(constant, str):
            raise nested([((), constant)])
        return constant

    def _named(self, raw: dict[Any, Any]) -> Distribution:
        known = named(self.kind)
        names = [key for key in raw if key in known]
        if len(names) != 1:
            key = str(next(iter(raw), ""))
            hint = did_you_mean(key, known)
            where: tuple[str, ...] = (key,) if key and not names else ()
            raise nested(
                [
                    (
                        where,
                        f"unknown {self.kind} distribution {key!r}{hint}"
                        if not names
                        else f"names several distributions: {', '.join(names)}",
                    )
                ]
            )
        try:
            return known[names[0]].model_validate(raw)
        except ValidationError as error:
            raise nested(faults(error)) from None

    @staticmethod
    def dump(value: Distribution) -> Any:
        return (
            value.value
            if isinstance(value, Constant)
            else value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        )


def _scalar(raw: Any) -> Distribution | str:
    if isinstance(raw, bool):
        return Constant(value=float(raw))
    if isinstance(raw, (int, float)) and np.isfinite(raw):
        return Constant(value=float(raw))
    return f"must be a number or a distribution such as {{uniform: [0, 1]}}, not {raw!r}"


def _choice(raw: Any) -> Distribution | str:
    return Constant(value=raw) if isinstance(raw, str) else f"must be a name or {{pick: [...]}}, not {raw!r}"


def _color(raw: Any) -> Distribution | str:
    if isinstance(raw, str) and len(raw) == 7 and raw[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in raw[1:]):
        srgb = [int(raw[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return named("color")["rgb"].model_validate({"rgb": srgb})
    if isinstance(raw, list):
        return Value("color").parse({"rgb": raw})
    return f'must be [r, g, b] in sRGB 0..1, "#rrggbb" or a distribution such as {{hsv: [0.1, 0.5, 0.9]}}, not {raw!r}'


def _position(raw: Any) -> Distribution | str:
    if isinstance(raw, list):
        return Value("position").parse({"xyz": raw})
    return f"must be [x, y, z] in metres or a distribution such as {{shell: {{radius: 1}}}}, not {raw!r}"


def _rotation(raw: Any) -> Distribution | str:
    if raw == "uniform":
        return Value("rotation").parse({"any": True})
    if raw == "none":
        return Value("rotation").parse({"euler": [0, 0, 0]})
    return f"must be none, uniform or a distribution such as {{yaw: {{uniform: [0, 360]}}}}, not {raw!r}"


CONSTANTS: dict[Kind, Callable[[Any], Distribution | str]] = {
    "scalar": _scalar, "choice": _choice, "color": _color, "position": _position, "rotation": _rotation,
}  # fmt: skip


def _bound(value: float) -> float:
    if math.isnan(value):
        raise ValueError("must be a number, .inf or -.inf")
    return value


Bound = Annotated[
    float, AfterValidator(_bound), PlainSerializer(lambda x: x if math.isfinite(x) else str(x), when_used="json")
]  # JSON has no infinity, but "inf" reads back as one
Finite = Annotated[float, Field(allow_inf_nan=False)]
Vector = tuple[Finite, Finite, Finite]
Scalar = Annotated[Distribution, Value("scalar")]
Choice = Annotated[Distribution, Value("choice")]
Color = Annotated[Distribution, Value("color")]
Position = Annotated[Distribution, Value("position")]
Rotation = Annotated[Distribution, Value("rotation")]

__all__ = [
    "REGISTRY",
    "Array",
    "Bound",
    "Choice",
    "Color",
    "Constant",
    "Distribution",
    "Fault",
    "Finite",
    "Law",
    "Position",
    "Rotation",
    "Scalar",
    "Support",
    "Value",
    "Vector",
    "WholeLaw",
    "distribution",
    "named",
]
