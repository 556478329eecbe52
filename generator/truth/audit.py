"""Rays against the painter's own passes: a frame whose picture contradicts its labels never gets into a data set."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from generator.base.frame import Frame, Instance
from generator.base.geometry import Array
from generator.truth.bounds import NEAR

_ROUNDING = 1e-4  # of the distance: what single precision may add to a depth
_SMALL = 16  # pixels; below, a mask of point samples says nothing about overlap


@dataclass(frozen=True)
class Limits:
    """What is let through.

    pixels  share of pixels whose index may disagree, and of pixels that only one side sees a surface in
    overlap  least intersection over union of an instance's two masks, of at least 16 pixels
    depth   greatest median relative difference of depth
    dark    least mean of the picture, in 0..255
    flat    least standard deviation of the picture, in 0..255
    clipped  greatest share of pixels that are white in all channels
    """

    pixels: float = 0.002
    overlap: float = 0.5
    depth: float = 1e-3
    dark: float = 1.0
    flat: float = 0.5
    clipped: float = 0.9


@dataclass(frozen=True)
class AuditResult:
    """What was found. `reasons` is empty when the frame may pass.

    compared       pixels with a painted index; 0 where the painter has none
    disagree       of those, pixels whose index differs; rays and painter may round a tie at an edge differently
    inner          of those, pixels more than one pixel away from any edge of the labels: never a tie
    holes          pixels of equal index where only one side has a surface
    overlap        worst intersection over union of an instance's masks; 1 where none is large enough
    depth_error    median relative difference of depth where the indices agree; nan where nothing was compared
    mean, std      of the picture, 0..255; nan without one
    clipped        share of pixels that are white in all channels
    """

    compared: int
    disagree: int
    inner: int
    holes: int
    overlap: float
    depth_error: float
    mean: float
    std: float
    clipped: float
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.reasons

    def also(self, other: "AuditResult") -> "AuditResult":
        """What was compared here, with the reasons of another look added."""
        return replace(self, reasons=tuple(dict.fromkeys((*self.reasons, *other.reasons))))


def audit(
    frame: Frame,
    painted_index: NDArray[np.uint16] | None = None,
    painted_depth: NDArray[np.float32] | None = None,
    limits: Limits | None = None,
) -> AuditResult:
    """Compare a labelled frame with the passes of its painter, and look for a black, blank or blown picture."""
    limits = limits or Limits()
    reasons = [*frame.faults(), *adrift(frame)]
    if painted_index is not None and painted_index.shape != frame.instance.shape:
        reasons.append(f"painted index {painted_index.shape} and labels {frame.instance.shape} differ in size")
        painted_index = painted_depth = None
    compared, disagree, inner, overlap = _compare_index(frame.instance, painted_index)
    holes, depth_error = _compare_depth(frame, painted_index, painted_depth)
    mean, std, clipped = _light(frame.rgb)
    reasons += _contradictions(limits, frame.instance.size, disagree, holes, overlap, depth_error)
    reasons += _looks(limits, mean, std, clipped)
    return AuditResult(compared, disagree, inner, holes, overlap, depth_error, mean, std, clipped, tuple(reasons))


def _compare_index(ids: NDArray[np.uint16], painted: NDArray[np.uint16] | None) -> tuple[int, int, int, float]:
    if painted is None:
        return 0, 0, 0, 1.0
    differs = ids != painted
    inner = differs & ~ndimage.binary_dilation(edges(ids), np.ones((3, 3), bool)) if differs.any() else differs
    return ids.size, int(differs.sum()), int(inner.sum()), _worst_overlap(ids, painted)


def edges(ids: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Pixels with a neighbour (left, right, above, below) of another id."""
    found = np.zeros(ids.shape, bool)
    across, down = ids[:, 1:] != ids[:, :-1], ids[1:] != ids[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found


def _worst_overlap(ids: NDArray[np.uint16], painted: NDArray[np.uint16]) -> float:
    size = int(max(ids.max(initial=0), painted.max(initial=0))) + 1
    ours, theirs = (np.bincount(a.ravel(), minlength=size)[1:] for a in (ids, painted))
    both = np.bincount(ids[ids == painted], minlength=size)[1:]
    large = np.maximum(ours, theirs) >= _SMALL
    return float((both[large] / (ours + theirs - both)[large]).min(initial=1.0))


def _compare_depth(
    frame: Frame, index: NDArray[np.uint16] | None, depth: NDArray[np.float32] | None
) -> tuple[int, float]:
    if depth is None or depth.shape != frame.depth.shape:
        return 0, float("nan")
    agree = np.ones(depth.shape, bool) if index is None else frame.instance == index
    ours, theirs = np.isfinite(frame.depth), np.isfinite(depth)
    both = agree & ours & theirs
    if not both.any():
        return int((agree & (ours != theirs)).sum()), float("nan")
    error = np.abs(depth[both] - frame.depth[both]) / np.abs(frame.depth[both])  # negative behind a fisheye
    return int((agree & (ours != theirs)).sum()), float(np.median(error))


def adrift(frame: Frame) -> list[str]:
    """Instances whose pixels lie outside the bounding box in space that their pose puts them in, in words: nearer or
    farther than its corners, or (without a lens's bending) beside them in the image."""
    shown = [one for one in frame.instances if one.box is not None and any(one.extent)]
    if not shown:
        return []
    points, ids = _corners(shown), np.array([one.id for one in shown])
    near, far = _reach(frame)
    low, high = points[..., 2].min(1), points[..., 2].max(1)
    slack = _ROUNDING * np.abs(points).max((1, 2))
    off = (near[ids] < low - slack) | (far[ids] > high + slack)
    if frame.camera.lens.kind == "pinhole":
        off |= (low > NEAR) & _beside(frame, shown, points)
    return [
        f"{one.name}: its pixels lie outside the box of its pose"
        for one, is_off in zip(shown, off, strict=True)
        if is_off
    ]


def _reach(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Least and greatest depth of each id's pixels, of ids 0 to 65535; inf and -inf where it has none."""
    near, far = np.full(1 << 16, np.inf, np.float32), np.full(1 << 16, -np.inf, np.float32)
    np.minimum.at(near, frame.instance.ravel(), frame.depth.ravel())
    np.maximum.at(far, frame.instance.ravel(), frame.depth.ravel())
    return near, far


def _corners(shown: list[Instance]) -> Array:
    """Corners (n, 8, 3) of the instances' bounding boxes in the camera frame, metres."""
    turns = Rotation.from_quat(np.array([one.rotation for one in shown]), scalar_first=True).as_matrix()
    center, size, place = (np.array([getattr(one, name) for one in shown]) for name in ("center", "extent", "position"))
    sides = np.array([[k & 1, k >> 1 & 1, k >> 2 & 1] for k in range(8)]) - 0.5
    local = center[:, None] + sides * size[:, None]
    return np.asarray(local @ turns.transpose(0, 2, 1) + place[:, None])


def _beside(frame: Frame, shown: list[Instance], points: Array) -> NDArray[np.bool_]:
    """Whether whole silhouettes leave, by more than a pixel, the rectangle around their corners' images."""
    boxes = np.array([one.amodal_box or one.box for one in shown])
    with np.errstate(invalid="ignore"):
        pixels = frame.camera.pixels(points)
        return np.asarray(((boxes[:, :2] < pixels.min(1) - 1) | (boxes[:, 2:] > pixels.max(1) + 1)).any(1))


def _light(rgb: NDArray[np.uint8] | None) -> tuple[float, float, float]:
    if rgb is None:
        return float("nan"), float("nan"), 0.0
    return float(rgb.mean()), float(rgb.std()), float((rgb == 255).all(-1).mean())


def _contradictions(
    limits: Limits, size: int, disagree: int, holes: int, overlap: float, depth_error: float
) -> list[str]:
    found = []
    if disagree > limits.pixels * size:
        found.append(f"{disagree} of {size} pixels show another object than the labels say")
    if holes > limits.pixels * size:
        found.append(f"{holes} of {size} pixels have a surface only in the picture or only in the labels")
    if overlap < limits.overlap:
        found.append(f"an instance's painted and labelled masks overlap by only {overlap:.2f}")
    if depth_error > limits.depth:
        found.append(f"painted depth differs by {depth_error:.2g} of the labelled depth (median)")
    return found


def _looks(limits: Limits, mean: float, std: float, clipped: float) -> list[str]:
    found = []
    if mean < limits.dark:
        found.append(f"the picture is black (mean {mean:.2f} of 255)")
    if std < limits.flat:
        found.append(f"the picture is blank (standard deviation {std:.2f} of 255)")
    if clipped > limits.clipped:
        found.append(f"{clipped:.0%} of the picture is white")
    return found
