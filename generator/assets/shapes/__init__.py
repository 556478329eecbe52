"""Procedural shapes, one family a file.

A shape is a function of named floats with defaults that returns a `Mesh`; registering it makes it an asset that a
scene can ask for: ``asset: {shape: cone, height: {uniform: [0.1, 0.3]}}``.

Everyday objects stand or lie on z = 0 as they would on a table, the middle of their bounds on the z axis; their front,
where they have one, faces -y. Solids are centred on the origin. A name is a class, or a class and what sets this
variant apart: ``mug``, ``mug_tapered``. Variants of a class share their parameters' names where they share the meaning.

Every parameter of an everyday object may be varied by a fifth about its default, all of them at once. Farther away a
shape comes out sound or raises AssetError, which says what does not fit.
"""

import inspect
from collections.abc import Callable
from fnmatch import fnmatchcase

from generator.assets.mesh import Mesh
from generator.base.registry import Registry

Shape = Callable[..., Mesh]
SHAPES: Registry[Shape] = Registry("shape", "generator.assets.shapes")


def parameters(name: str) -> dict[str, float]:
    """Names and defaults of a shape's parameters."""
    return {key: float(p.default) for key, p in inspect.signature(SHAPES[name]).parameters.items()}


def label_of(name: str) -> str:
    """The class of a shape: ``mug`` of ``mug_tapered``."""
    return name.partition("_")[0]


def matching(pattern: str) -> list[str]:
    """Names of the shapes that a pattern such as ``mug*`` names, sorted; none when it names none."""
    return [name for name in SHAPES if fnmatchcase(name, pattern)]
