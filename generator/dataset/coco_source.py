"""Real photographs with COCO labels as a `Source`."""

import importlib.util
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from generator.base.errors import GeneratorError
from generator.base.frame import Mask
from generator.base.geometry import Box, box_area, extent
from generator.base.pictures import eight_bits
from generator.dataset import rle
from generator.dataset.coco_labels import Annotation, Photo
from generator.dataset.examples import Example
from generator.dataset.keypoints import Points, by_name, table, within
from generator.dataset.smallest import thresholds_of

WHOLE, GONE = 0.5, 0.2  # shares of an object's area inside a crop: object from WHOLE on, absent below GONE


class PhotoSource:
    """Photographs whose labels have been read. Crowds become `ignore` regions, of their box where they have no mask.
    Masks are offered if every object has one. `keypoints` are the names of all points that categories name, sorted.

    `crop` (x0 y0 x1 y1 pixels) keeps a part of each picture. An object with at least half of its area inside stays an
    object; with at least a fifth, it becomes an `ignore` region; with less, it is dropped. Boxes of cut objects bound
    what is left of the mask (or of the box, where there is no mask).

    `smallest` and `thresholds` are as in `SyntheticSource`, by area inside the crop.
    """

    def __init__(
        self,
        name: str,
        photos: Sequence[Photo],
        crop: Box | None = None,
        classes: tuple[str, ...] = (),
        smallest: float = 0.0,
        thresholds: Mapping[str, int] | None = None,
    ) -> None:
        self.name, self.classes, self.crop, self.photos = name, tuple(classes), crop, photos
        objects = [one for photo in self.photos for one in photo.annotations if not one.crowd]
        self.masks = bool(objects) and all(one.mask is not None for one in objects)
        self.keypoints = tuple(sorted({name for one in objects for name in one.points[0]}))
        self._check_crop()
        if thresholds is None:
            areas = [(self.classes[one.category - 1], one.area) for one in objects]
            thresholds = thresholds_of(areas, smallest)
        self.thresholds = dict(thresholds)

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Example:
        photo = self.photos[index]
        window = self.crop or (0, 0, photo.width, photo.height)
        cuts = [(one, self._cut(one, window)) for one in photo.annotations]
        shown = [one for one, cut in cuts if cut is not None]
        seen = [cut for _, cut in cuts if cut is not None]
        height, width = window[3] - window[1], window[2] - window[0]
        masks = [_filled(box, height, width) if mask is None else mask for box, _, mask, _ in seen]
        return Example(
            image=_pixels(photo)[window[1] : window[3], window[0] : window[2]],
            boxes=np.array([box for box, _, _, _ in seen], np.float32).reshape(-1, 4),
            labels=np.array([category for _, category, _, _ in seen], np.int64),
            masks=np.array(masks, bool).reshape(-1, height, width) if self.masks else None,
            ignore=np.array([ignore for _, _, _, ignore in seen], bool),
            key=photo.key,
            keypoints=self._points(shown, window) if self.keypoints else None,
        )

    def _points(self, shown: Sequence[Annotation], window: Box) -> Points:
        """Those of objects, seen through the window."""
        x0, y0, x1, y1 = window
        points = table([by_name(one.points) for one in shown], self.keypoints) - np.array([x0, y0, 0], np.float32)
        return within(points, y1 - y0, x1 - x0)

    def _cut(self, one: Annotation, window: Box) -> tuple[tuple[float, ...], int, Mask | None, bool] | None:
        """Box, category, mask and ignore of an object seen through the window; None if too little of it is seen."""
        x0, y0, x1, y1 = window
        box = _shift(one.box, window)
        mask = rle.decode(one.mask)[y0:y1, x0:x1] if one.mask and self.masks else None
        area = int(mask.sum()) if mask is not None else max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
        share = area / _area(one, self.masks)
        if share < GONE or area == 0:
            return None
        if mask is not None and share < 1:
            box = tuple(map(float, extent(mask) or box))
        tiny = area < self.thresholds.get(self.classes[one.category - 1], 0)
        return box, one.category, mask, one.crowd or tiny or share < WHOLE

    def _check_crop(self) -> None:
        if self.crop is None:
            return
        x0, y0, x1, y1 = self.crop
        for photo in self.photos:
            if not (0 <= x0 < x1 <= photo.width and 0 <= y0 < y1 <= photo.height):
                size = f"{photo.width}x{photo.height}"
                raise GeneratorError(f"{self.name}: crop {list(self.crop)} does not fit into {photo.key} ({size})")


def _filled(box: tuple[float, ...], height: int, width: int) -> Mask:
    """All pixels that a box touches, (h, w)."""
    mask = np.zeros((height, width), bool)
    mask[math.floor(box[1]) : math.ceil(box[3]), math.floor(box[0]) : math.ceil(box[2])] = True
    return mask


def _area(one: Annotation, masks: bool) -> float:
    return rle.area(one.mask) if one.mask and masks else box_area(one.box)


def _shift(box: tuple[float, float, float, float], window: Box) -> tuple[float, ...]:
    """A box in the window's own pixels, cut to it; empty or inverted where they do not meet."""
    x0, y0, x1, y1 = window
    return max(box[0], x0) - x0, max(box[1], y0) - y0, min(box[2], x1) - x0, min(box[3], y1) - y0


def _pixels(photo: Photo) -> NDArray[np.uint8]:
    try:
        with Image.open(photo.path) as opened:
            turned = ImageOps.exif_transpose(opened) if photo.turn else opened
            return np.array(eight_bits(turned).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise GeneratorError(f"{photo.path}: cannot be decoded: {error}; replace or remove this picture") from error


def pictures_folder(labels: Path, images: str) -> Path:
    """Where `images` points; where it is empty, the folder named as the labels, or else the one they lie in. Raises
    GeneratorError for a package that is not installed."""
    if not images:
        own = labels.with_suffix("")
        return own if own.is_dir() else labels.parent
    if not images.startswith("package:"):
        return Path(images)
    package, _, inside = images.removeprefix("package:").partition("/")
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    places = found.submodule_search_locations if found else None
    if not places:
        raise GeneratorError(f"{labels}: images: no package {package!r} is installed; install it or name a folder")
    return Path(next(iter(places))) / inside
