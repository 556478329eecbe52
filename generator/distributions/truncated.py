"""Conditioning: what a value is like, given that it lies in an interval."""

from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.base.errors import PlacementError
from generator.distributions.base import Bound, Law, Scalar, Support, distribution
from generator.distributions.intervals import within
from generator.distributions.quantiles import law
from generator.distributions.shared import Ref

TRIES = 1000
SELDOM = 1e-9  # below, a difference of two distribution functions has lost half its digits


@distribution("truncated", "scalar")
class Truncated(Law):
    """Another scalar, given that it lies within [low, high] (.inf leaves an end open): the tails are cut off, not
    piled up as `clamp` does. Exact for every value: by quantiles where they are known, else by drawing again."""

    truncated: tuple[Bound, Bound]
    of: Scalar
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"truncated": [0.5, 2], "of": {"normal": [1, 1]}},
        {"truncated": [3, 7], "of": {"poisson": 4}},
        {"truncated": [0, 1], "of": {"normal": [{"uniform": [0, 1]}, 0.2]}},
    ]

    def model_post_init(self, context: Any) -> None:
        low, high = self.truncated
        if low > high:
            raise ValueError(f"low end {low:g} is above high end {high:g}")
        if isinstance(self.of, Ref):
            raise ValueError("a shared value cannot be drawn again: truncate it under shared:, or clamp it here")
        if (support := self.of.support()) and (support[1] < low or support[0] > high):
            raise ValueError(f"the value never lies {within(low, high)}, but {within(*support)}")
        if (known := law(self.of)) and known.mass(low, high) < SELDOM:
            raise ValueError(
                f"the value hardly ever lies {within(low, high)}: with probability {known.mass(low, high):.1g}"
            )

    def sample(self, draw: Draw) -> float:
        """Raises PlacementError when no draw of a thousand lies inside."""
        low, high = self.truncated
        if known := law(self.of):
            return known.between(draw.uniform(), low, high)
        for k in range(TRIES):
            value = float(self.of.sample(draw / "try" / k))
            if low <= value <= high:
                return value
        raise PlacementError(
            f"{draw}: none of {TRIES:,} draws lies within {low:g}..{high:g}; widen `truncated`, or use `clamp`"
        )

    def support(self) -> Support | None:
        inner = self.of.support() or self.truncated
        return max(inner[0], self.truncated[0]), min(inner[1], self.truncated[1])

    def closed(self) -> bool:
        return law(self.of) is not None

    def cdf(self, x: float) -> float:
        return self.mass(self.truncated[0], x)

    def below(self, x: float) -> float:
        low, high = self.truncated
        if x <= low:
            return 0.0
        return (self._inner.below(min(x, high)) - self._inner.below(low)) / self._inner.mass(low, high)

    def mass(self, low: float, high: float) -> float:
        start, stop = max(low, self.truncated[0]), min(high, self.truncated[1])
        return self._inner.mass(start, stop) / self._inner.mass(*self.truncated) if start <= stop else 0.0

    def ppf(self, p: float) -> float:
        return self._inner.between(p, *self.truncated)

    def between(self, p: float, low: float, high: float) -> float:
        return self._inner.between(p, max(low, self.truncated[0]), min(high, self.truncated[1]))

    @property
    def _inner(self) -> Law:
        assert isinstance(self.of, Law)
        return self.of
