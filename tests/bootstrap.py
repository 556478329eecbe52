"""Intervals by resampling, the plain way: what those of many detectors at once are compared with."""

from collections.abc import Callable, Sequence

import numpy as np

from generator.base.draw import Draw


def interval(
    measure: Callable[[Sequence[int]], float | None], clusters: Sequence[str], draw: Draw, times: int = 1000
) -> tuple[float, float, float]:
    """The value of a measure of pictures, and its 95 % percentile interval when whole clusters of them are drawn with
    replacement. `clusters` names each picture's; `measure` takes pictures, by number and with repeats."""
    names = sorted(set(clusters))
    members = [[k for k, cluster in enumerate(clusters) if cluster == name] for name in names]
    rng = draw.rng()
    drawn = [rng.integers(len(names), size=len(names)) for _ in range(times)]
    values = [measure([k for cluster in some for k in members[cluster]]) for some in drawn]
    low, high = np.quantile([value for value in values if value is not None], [0.025, 0.975])
    return measure(range(len(clusters))), float(low), float(high)
