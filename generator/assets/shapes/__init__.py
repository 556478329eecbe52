"""Procedural shapes, one file each.

A shape is a function of named floats with defaults that returns a `Mesh`; registering it makes it an asset that a
scene can ask for: ``asset: {shape: cone, height: {uniform: [0.1, 0.3]}}``.
"""

import inspect
from collections.abc import Callable

from generator.assets.mesh import Mesh
from generator.base.registry import Registry

Shape = Callable[..., Mesh]
SHAPES: Registry[Shape] = Registry("shape", "generator.assets.shapes")


def parameters(name: str) -> dict[str, float]:
    """Names and defaults of a shape's parameters."""
    return {key: float(p.default) for key, p in inspect.signature(SHAPES[name]).parameters.items()}
