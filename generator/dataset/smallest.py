"""Removing the smallest instances: tiny ones are noise to a detector, and too many of them a domain gap."""

from collections.abc import Iterable

import numpy as np


def thresholds_of(areas: Iterable[tuple[str, int]], share: float) -> dict[str, int]:
    """Per label, the area in pixels below which at most `share` of the instances lie. `areas` are (label, pixels)."""
    by_label: dict[str, list[int]] = {}
    for label, pixels in areas:
        by_label.setdefault(label, []).append(pixels)
    if share <= 0:
        return {}
    return {label: _threshold(np.sort(pixels), share) for label, pixels in sorted(by_label.items())}


def _threshold(ascending: np.ndarray[tuple[int], np.dtype[np.int64]], share: float) -> int:
    """The element with floor(share * n) elements before it; more than the greatest where that is all of them."""
    rank = int(share * len(ascending) + 1e-9)
    return int(ascending[rank]) if rank < len(ascending) else int(ascending[-1]) + 1
