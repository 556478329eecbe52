"""Pasting: how the border between a cut-out and what it is pasted on is hidden.

Dwibedi et al., "Cut, paste and learn" (ICCV 2017): a detector that sees several blendings learns that none of their
traces means anything.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]
RIM = 2.0  # sigma in pixels of the soft border


def blend(below: Float, above: Float, mask: Mask, how: str) -> Float:
    """`above` (h, w, 3) pasted on `below` where `mask` (h, w) is; nothing outside the mask changes."""
    return BLENDINGS[how](below, above, mask) if mask.any() else below


def _none(below: Float, above: Float, mask: Mask) -> Float:
    return np.where(mask[..., None], above, below)


def _gaussian(below: Float, above: Float, mask: Mask) -> Float:
    """A soft rim inside the border: 0 on it, 1 about two sigma inside."""
    alpha = (mask * np.clip(2 * ndimage.gaussian_filter(mask.astype(float), RIM) - 1, 0, 1))[..., None]
    return alpha * above + (1 - alpha) * below


def _poisson(below: Float, above: Float, mask: Mask) -> Float:
    """Keeps the gradients of `above` and the border of `below` (Perez et al., "Poisson image editing", SIGGRAPH 2003,
    equation 7). At the edge of the image the gradient across it is free."""
    if mask.all():
        return above
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(int(mask.sum()))
    diagonal, right = np.zeros(int(mask.sum())), np.zeros((int(mask.sum()), 3))
    rows, columns = [], []
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inside = _shifted(np.ones_like(mask), axis, step)[mask]
        neighbour = np.roll(number, -step, axis)[mask]
        diagonal += inside
        right += inside[:, None] * (above[mask] - np.roll(above, -step, axis)[mask])
        right += (inside & (neighbour < 0))[:, None] * np.roll(below, -step, axis)[mask]
        linked = np.flatnonzero(inside & (neighbour >= 0))
        rows.append(linked)
        columns.append(neighbour[linked])
    row, column = np.concatenate(rows), np.concatenate(columns)
    matrix = sparse.csc_matrix((-np.ones(len(row)), (row, column)), (len(diagonal),) * 2) + sparse.diags(diagonal)
    result = below.copy()
    solved = spsolve(matrix.tocsc(), right)
    result[mask] = np.clip(solved.reshape(-1, 3), 0, 255)
    return result


def _multiply(below: Float, above: Float, mask: Mask) -> Float:
    """A filter: white lets all pass. On sRGB values: they nearly follow a power law, which products commute with."""
    return np.where(mask[..., None], below * above / 255, below)


def _darken(below: Float, above: Float, mask: Mask) -> Float:
    """The darker of the two."""
    return np.where(mask[..., None], np.minimum(below, above), below)


def _shifted(mask: Mask, axis: int, step: int) -> Mask:
    """True where the neighbour `step` along `axis` is inside the image."""
    moved = np.roll(mask, -step, axis)
    edge = [slice(None), slice(None)]
    edge[axis] = slice(-1, None) if step > 0 else slice(0, 1)
    moved[tuple(edge)] = False
    return moved


FILTERS = ("multiply", "darken")  # those for which what lies below still counts
BLENDINGS: dict[str, Callable[[Float, Float, Mask], Float]] = {
    "none": _none, "gaussian": _gaussian, "poisson": _poisson, "multiply": _multiply,
    "darken": _darken,
}  # fmt: skip
