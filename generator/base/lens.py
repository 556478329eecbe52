"""Lenses: from directions in the camera frame to the image plane and back.

The image plane is that of a focal length of 1: a camera's pixels are ``u = fx x + cx, v = fy y + cy``. A lens sees the
directions within its `reach` of the optical axis; up to there its formula is one to one, and both ways are exact.
Beyond, a polynomial folds back into the picture: no lens does, so that nothing is seen there (NaN).
"""

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator.base.record import Record

Array = NDArray[np.float64]
_EXACT, _STEPS, _KNOTS = 1e-12, 60, 2048


class Lens(Record):
    """How a lens bends the pinhole's image; the conventions of OpenCV, in units of the focal length.

    pinhole         x = X / Z, y = Y / Z
    brown           Brown-Conrady: radial `k` = (k1, k2, k3) and tangential `p` = (p1, p2) on the pinhole's x, y
    equidistant     fisheye whose radius is the angle from the axis: r = theta
    kannala_brandt  fisheye with r = theta (1 + k1 theta**2 + k2 theta**4 + k3 theta**6 + k4 theta**8)
    """

    kind: Literal["pinhole", "brown", "equidistant", "kannala_brandt"] = "pinhole"
    k: tuple[float, ...] = ()
    p: tuple[float, float] = (0.0, 0.0)

    @property
    def fisheye(self) -> bool:
        """Whether it may see beyond 90 degrees; else it bends what a pinhole sees."""
        return self.kind in ("equidistant", "kannala_brandt")

    @property
    def reach(self) -> float:
        """Angle from the axis (radians) up to which it sees; one to one below."""
        return _limit(self) if self.fisheye else float(np.arctan(_limit(self)))

    def project(self, points: Array) -> Array:
        """Points or directions (..., 3) in the camera frame to the image plane (..., 2); NaN where it does not see."""
        x, y, z = np.moveaxis(np.asarray(points, float), -1, 0)
        if self.fisheye:
            return self._fisheye(x, y, z)
        safe = np.where(z > 0, z, np.nan)
        plane = np.stack([x / safe, y / safe], -1)
        if self.kind == "pinhole":
            return plane
        plane[np.hypot(plane[..., 0], plane[..., 1]) >= _limit(self)] = np.nan
        return _bent(self, plane)

    def unproject(self, plane: Array) -> Array:
        """The inverse: directions (..., 3), of z = 1 without a fisheye and unit vectors with one; NaN where no
        direction leads to. Accurate to 1e-12 on the image plane."""
        plane = np.asarray(plane, float)
        if self.fisheye:
            return self._outward(plane)
        if self.kind == "brown":
            plane = _straight(self, plane)
        ones = np.where(np.isnan(plane[..., :1]), np.nan, 1.0)
        return np.concatenate([plane, ones], -1)

    def _fisheye(self, x: Array, y: Array, z: Array) -> Array:
        flat = np.hypot(x, y)
        theta = np.arctan2(flat, z)
        theta = np.where((theta < _limit(self)) & (flat + np.abs(z) > 0), theta, np.nan)
        axis = flat == 0  # there the direction in the plane is undefined, and the radius 0
        scale = _radius(self, theta) / np.where(axis, 1.0, flat)
        return np.stack([scale * x, scale * y], -1)

    def _outward(self, plane: Array) -> Array:
        radius = np.hypot(plane[..., 0], plane[..., 1])
        theta = _angle(self, radius)
        scale = np.divide(np.sin(theta), radius, out=np.ones_like(theta), where=radius > 0)
        return np.concatenate([plane * scale[..., None], np.cos(theta)[..., None]], -1)


PINHOLE = Lens()


def _powers(lens: Lens) -> Array:
    """Coefficients of 1, r**2, r**4, ... by which a radius is multiplied."""
    return np.array([1.0, *lens.k])


def _radius(lens: Lens, r: Array) -> Array:
    """Radius in the image of an angle (fisheye) or of a pinhole's radius (Brown, without its tangential part)."""
    return r * np.polynomial.polynomial.polyval(r * r, _powers(lens))


def _slope(lens: Lens, r: Array) -> Array:
    """Derivative of `_radius`."""
    powers = _powers(lens)
    return np.polynomial.polynomial.polyval(r * r, powers * (2 * np.arange(len(powers)) + 1))


@lru_cache(maxsize=1024)
def _limit(lens: Lens) -> float:
    """The pinhole's radius (pinhole, Brown: maybe infinite) or the angle (fisheyes: at most pi) up to which the lens is
    one to one.

    A fisheye is while its radius grows. Brown's formula is the gradient of a potential: its matrix of derivatives is
    symmetric, and along a direction away from the tangential vector its least eigenvalue is
    1 + 3 k1 r**2 + 5 k2 r**4 + 7 k3 r**6 - 6 |p| r, elsewhere no less. While that is positive in the whole disk, the
    potential is convex and its gradient one to one.
    """
    if lens.kind == "pinhole":
        return math.inf
    powers = _powers(lens)
    slope = np.zeros(2 * len(powers) - 1)
    slope[::2] = powers * (2 * np.arange(len(powers)) + 1)
    if lens.kind == "brown" and any(lens.p):
        slope = np.pad(slope, (0, max(0, 2 - len(slope))))
        slope[1] = -6 * np.hypot(*lens.p)
    inverse = np.roots(slope)  # of 1 / r, whose highest coefficient is 1, so that tiny ones do no harm
    real = inverse.real[(np.abs(inverse.imag) < 1e-9) & (inverse.real > 0)]
    end = 1 / float(real.max()) if len(real) else math.inf
    return min(end, math.pi) if lens.fisheye else end


def _angle(lens: Lens, radius: Array) -> Array:
    """The inverse of `_radius` below the limit, NaN elsewhere: Newton's method from a table."""
    limit = _limit(lens)
    if not any(lens.k):
        return np.where(radius < limit, radius, np.nan)
    knots, images = _table(lens, _ceiling(float(np.nanmax(radius, initial=0.0))))
    found = np.interp(radius, images, knots)
    for _ in range(_STEPS):
        error = _radius(lens, found) - radius
        if not (np.abs(error) > 1e-15 * (1 + radius)).any():
            break
        found = np.clip(found - error / np.maximum(_slope(lens, found), 1e-9), 0, knots[-1])
    close = np.abs(_radius(lens, found) - radius) <= _EXACT * (1 + radius)
    return np.where(close & (found < limit), found, np.nan)


def _ceiling(radius: float) -> float:
    """The next power of two: tables for similar pictures are shared."""
    return float(2.0 ** np.ceil(np.log2(max(radius, 1e-3))))


@lru_cache(maxsize=64)
def _table(lens: Lens, radius: float) -> tuple[Array, Array]:
    """Angles or radii, evenly spaced up to the limit or to an image radius of at least `radius`, and their images."""
    end = min(_limit(lens), 1.0)
    while end < _limit(lens) and _radius(lens, np.array(end)) < radius:
        end = min(_limit(lens), 2 * end)
    knots = np.linspace(0, end, _KNOTS)
    return knots, np.maximum.accumulate(_radius(lens, knots))


def _bent(lens: Lens, plane: Array) -> Array:
    """Brown's formula (D. C. Brown, "Decentering distortion of lenses", Photogrammetric Engineering 32(3), 1966)."""
    (x, y), (p1, p2) = np.moveaxis(plane, -1, 0), lens.p
    square = x * x + y * y
    radial = np.polynomial.polynomial.polyval(square, _powers(lens))
    shift = 2 * (p1 * y + p2 * x)  # both tangential terms are this times x, y and p times the square
    return np.stack([x * (radial + shift) + p2 * square, y * (radial + shift) + p1 * square], -1)


def _straight(lens: Lens, plane: Array) -> Array:
    """The inverse of `_bent` below the limit, NaN elsewhere. Without a tangential part the radius tells; else Newton's
    method in the plane from there."""
    radius = np.hypot(plane[..., 0], plane[..., 1])
    if not any(lens.p):
        scale = np.divide(_angle(lens, radius), radius, out=np.ones_like(radius), where=radius > 0)
        return plane * scale[..., None]
    return _newton(lens, plane, radius)


def _newton(lens: Lens, plane: Array, radius: Array) -> Array:
    limit = _limit(lens)
    first = _angle(Lens(kind="brown", k=lens.k), radius)
    scale = np.divide(first, radius, out=np.ones_like(radius), where=radius > 0)
    found = _within(plane * np.nan_to_num(scale, nan=0.0)[..., None], limit)
    for _ in range(_STEPS):
        error = _bent(lens, found) - plane
        if not (np.abs(error) > 1e-15 * (1 + radius[..., None])).any():
            break
        found = _within(found - _solved(lens, found, error), limit)
    close = np.abs(_bent(lens, found) - plane).max(-1) <= _EXACT * (1 + radius)
    sound = close & (np.hypot(found[..., 0], found[..., 1]) < limit)
    return np.where(sound[..., None], found, np.nan)


def _within(plane: Array, limit: float) -> Array:
    """Points drawn back to the disk where the lens is one to one."""
    if not np.isfinite(limit):
        return plane
    radius = np.hypot(plane[..., 0], plane[..., 1])
    inside = radius <= limit
    return plane * np.where(inside, 1.0, limit / np.where(inside, 1.0, radius))[..., None]


def _solved(lens: Lens, plane: Array, error: Array) -> Array:
    """Brown's 2x2 derivatives at `plane`, inverted and applied to `error`."""
    (x, y), (p1, p2) = np.moveaxis(plane, -1, 0), lens.p
    square, powers = x * x + y * y, _powers(lens)
    radial = np.polynomial.polynomial.polyval(square, powers)
    growth = 2 * np.polynomial.polynomial.polyval(square, (powers * np.arange(len(powers)))[1:]) if lens.k else 0.0
    xx = radial + growth * x * x + 2 * p1 * y + 6 * p2 * x
    yy = radial + growth * y * y + 6 * p1 * y + 2 * p2 * x
    xy = growth * x * y + 2 * p1 * x + 2 * p2 * y
    scale = np.maximum(xx * yy - xy * xy, 1e-12)
    a, b = np.moveaxis(error, -1, 0)
    return np.stack([(yy * a - xy * b) / scale, (xx * b - xy * a) / scale], -1)
