"""The plain solids: flying distractors, stages and walls. All stand centred on the origin, sizes in metres."""

from typing import Any

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.keypoints import CORNERS, DOWN, UP, keypoints


def solid(kind: str, smooth: bool = False, **measures: Any) -> Mesh:
    """The product's mesh of what `trimesh.creation` makes under that name."""
    from trimesh import creation  # not above: it takes as long to load as all else that a command needs

    body = getattr(creation, kind)(**measures)
    return Mesh(np.asarray(body.vertices, np.float32), np.asarray(body.faces, np.int32), smooth=smooth)


@SHAPES("box")
@keypoints(**CORNERS)
def box(x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Mesh:
    """A cuboid."""
    return solid("box", extents=(x, y, z))


@SHAPES("plane")
def plane(x: float = 1.0, y: float = 1.0) -> Mesh:
    """A rectangle facing up, with texture coordinates over its whole."""
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]], np.float32) / 2
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Mesh(corners, faces, uv=unit[faces])


@SHAPES("sphere")
def sphere(radius: float = 0.5, subdivisions: float = 4) -> Mesh:
    """An icosphere; its vertices lie on the sphere."""
    return solid("icosphere", smooth=True, subdivisions=int(subdivisions), radius=radius)


@SHAPES("cylinder")
@keypoints(top=UP, bottom=DOWN)
def cylinder(radius: float = 0.5, height: float = 1.0, segments: float = 48) -> Mesh:
    """An upright cylinder."""
    return solid("cylinder", radius=radius, height=height, sections=int(segments))


@SHAPES("prism")
def prism(radius: float = 0.5, height: float = 1.0, sides: float = 6) -> Mesh:
    """An upright prism over a regular polygon."""
    return solid("cylinder", radius=radius, height=height, sections=max(3, int(sides)))


@SHAPES("cone")
@keypoints(tip=UP, base=DOWN)
def cone(radius: float = 0.5, height: float = 1.0, segments: float = 48) -> Mesh:
    """An upright cone, centred by half its height."""
    middle = np.eye(4)
    middle[2, 3] = -height / 2
    return solid("cone", radius=radius, height=height, sections=int(segments), transform=middle)


@SHAPES("torus")
def torus(radius: float = 0.35, tube: float = 0.15, segments: float = 48) -> Mesh:
    """A ring lying flat: `radius` to the middle of the tube."""
    around = {"major_sections": int(segments), "minor_sections": max(8, int(segments) // 2)}
    return solid("torus", smooth=True, major_radius=radius, minor_radius=tube, **around)
