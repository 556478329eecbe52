"""Whole silhouettes, hidden parts included."""

from generator.base.frame import Mask
from generator.truth.annotations import Shot, annotation

ABOUT = "RLE over amodal_box: pixels the object would cover if nothing stood before it, inside the image"


@annotation("amodal", "", ABOUT)
def amodal(shot: Shot) -> dict[int, Mask]:
    """Per instance id: bool (h', w') over its `amodal_box`."""
    return shot.frame.amodal
