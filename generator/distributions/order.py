"""Laws over the scene index: what is drawn once for all scenes of a run, and where this scene stands in it.

A path names the order: every value has its own, so two mugs of one scene (``objects/mugs/0/scale`` and
``objects/mugs/1/scale``) go through their cells independently. For one order that all share, put the value under
`shared:` and refer to it.
"""

import numpy as np

from generator.base.draw import Draw


def of_run(draw: Draw) -> Draw:
    """The same place in no scene at all: streams that depend on seed and path, not on the index."""
    return Draw(draw.seed, -1, draw.path)


def turn(draw: Draw, count: int) -> int:
    """0..count-1: within each block of `count` consecutive scenes every number comes once, in random order."""
    block, place = divmod(draw.index, count)
    rng: np.random.Generator = (of_run(draw) / "block" / block).rng()
    return int(rng.permutation(count)[place])
