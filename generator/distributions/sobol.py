"""Quasi-random values over the scene index: they fill their space more evenly than chance does."""

from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Support, distribution
from generator.distributions.order import of_run
from generator.distributions.quantiles import Evenly, needed

BITS = 32
# Primitive polynomial and first direction numbers of dimensions 1..15: Joe and Kuo, "Constructing Sobol sequences with
# better two-dimensional projections", SIAM J. Sci. Comput. 30, 2008 (new-joe-kuo-6.21201). Dimension 0 has none.
TABLE = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
)


@distribution("sobol", "scalar")
class Sobol(Distribution):
    """Quasi-random over the scenes: [low, high] or any law, each 2^k scenes from a multiple of 2^k on hit each of 2^k
    equally probable cells once. Values of the scene, or of one object, with different `dimension`s (0..15) also fill
    their square, cube, ... evenly together, so give each a number of its own; without one, a value is independent of
    all others, as are those of different objects."""

    sobol: Evenly
    dimension: Annotated[int, Field(ge=0, le=len(TABLE))] | None = None
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"sobol": [0, 360], "dimension": 0},
        {"sobol": {"normal": [0, 1]}, "dimension": 1},
        {"sobol": [0, 1]},
    ]

    def model_post_init(self, context: Any) -> None:
        needed(self.sobol, "sobol")

    def sample(self, draw: Draw) -> float:
        """Owen's nested uniform scrambling ("Randomly permuted (t,m,s)-nets", 1995) of value and index; it depends on
        seed and path only. Values that share the index' scramble are dimensions of one sequence, all others are
        independent ("padding": Kollig and Keller, "Efficient multidimensional sampling", 2002)."""
        together = of_run(draw) if self.dimension is None else owner(of_run(draw))
        index = nested_scramble(draw.index % 2**BITS, together / "order")
        place = nested_scramble(point(index, self.dimension or 0), of_run(draw) / "value") + draw.uniform()
        return needed(self.sobol, "sobol").ppf(min(place / 2**BITS, 1 - 2.0**-53))

    def support(self) -> Support | None:
        return self.sobol.support()


def owner(draw: Draw) -> Draw:
    """The object or lamp that a path belongs to, which is named up to its first number; or the scene."""
    ends = [k + 1 for k, step in enumerate(draw.path) if isinstance(step, int)]
    return Draw(draw.seed, draw.index, draw.path[: ends[0] if ends else 0])


@cache
def directions(dimension: int) -> tuple[int, ...]:
    """The generator matrix of a dimension as BITS columns, each an integer of BITS bits (Bratley and Fox, "Algorithm
    659", ACM TOMS 1988, equations 2 and 3)."""
    if dimension == 0:
        return tuple(1 << (BITS - 1 - k) for k in range(BITS))
    polynomial, first = TABLE[dimension - 1]
    degree, m = polynomial.bit_length() - 1, list(first)
    for k in range(degree, BITS):
        value = m[k - degree]
        for i in range(1, degree + 1):
            value ^= ((polynomial >> (degree - i)) & 1) * (m[k - i] << i)
        m.append(value)
    return tuple(value << (BITS - 1 - k) for k, value in enumerate(m))


def point(index: int, dimension: int) -> int:
    """Point `index` of the Sobol sequence in natural order, times 2^BITS: one exclusive-or for each bit of it."""
    result = 0
    for k, column in enumerate(directions(dimension)[: index.bit_length()]):
        result ^= column if index >> k & 1 else 0
    return result


def nested_scramble(value: int, draw: Draw) -> int:
    """Flip each of BITS bits by a coin that belongs to the bits above it: aligned dyadic intervals stay together."""
    result = 0
    for k in reversed(range(BITS)):
        above = value >> (k + 1)
        coin = (draw / (BITS - k) / above).key() & 1
        result = result << 1 | (value >> k & 1) ^ coin
    return result
