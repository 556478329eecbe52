"""What a detector found."""

from pydantic import Field

from generator.base.frame import Mask
from generator.base.record import Record
from generator.dataset import rle


class Detection(Record):
    """One found thing: a half-open box x0 y0 x1 y1 in pixels, its class's id, how sure, and where it has a mask, that
    in COCO's compressed run lengths for a picture of `size` (h, w). `keypoints` are x and y in pixels from the
    picture's corner and the logit there, in the order of the detector's names."""

    box: tuple[float, float, float, float]
    label: int
    score: float
    size: tuple[int, int]
    counts: str = ""
    keypoints: tuple[tuple[float, float, float], ...] = Field(default=(), exclude_if=lambda value: not value)

    def mask(self) -> Mask | None:
        """Bool (h, w)."""
        return rle.decode({"size": list(self.size), "counts": self.counts}) if self.counts else None


class Detections(Record):
    """All that was found in one picture, surest first."""

    key: str
    items: tuple[Detection, ...]

    def above(self, threshold: float) -> tuple[Detection, ...]:
        return tuple(item for item in self.items if item.score >= threshold)
