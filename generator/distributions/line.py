from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.distributions.base import Distribution, Position, distribution


@distribution("line", "position")
class Line(Distribution):
    """Uniform on the straight line between two positions: [from, to]. A rail for a camera, the edge of a shelf."""

    line: tuple[Position, Position]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"line": [[-1, 0, 1], [1, 0, 1]]}]

    def sample(self, draw: Draw) -> Array:
        start, stop = self.line[0].sample(draw / "from"), self.line[1].sample(draw / "to")
        return start + (stop - start) * draw.uniform()
