"""Lenses, and scenes seen through another camera."""

from typing import Any

from generator.base.geometry import Camera
from generator.base.lens import Lens
from generator.base.scene import SceneSample


def view(one: SceneSample) -> Camera:
    return one.camera.at(one.width, one.height)


BARREL = Lens(kind="brown", k=(-0.25, 0.06, -0.004), p=(0.004, -0.006))
PINCUSHION = Lens(kind="brown", k=(0.3,))
FISHEYE = Lens(kind="kannala_brandt", k=(-0.03, 0.005, -0.001))


def shot(one: SceneSample, **changes: Any) -> SceneSample:
    return one.model_copy(update={"camera": one.camera.model_copy(update=changes)})
