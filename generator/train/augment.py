"""What is done to a picture before the network sees it: a pure function of (seed, step, slot), alike in every arm."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generator.base.draw import Draw
from generator.base.geometry import extent
from generator.dataset.examples import Example
from generator.dataset.keypoints import Points, within

Picture = NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Augment:
    """How much of each. Shares are probabilities; ranges are drawn from evenly (`zoom` in its logarithm).

    zoom        scale about the network's own, before a crop to its own size; see `nearer` for what it does to depth
    upside_down for things seen from above
    contrast    about the mean: factor 1 - contrast .. 1 + contrast
    brightness  factor 1 - brightness .. 1 + brightness, so that what is dark stays to be seen
    gamma       exponent's range is 1 / gamma .. gamma
    tint        factor per channel, 1 - tint .. 1 + tint
    saturation  blend with grey, 1 - saturation .. 1 + saturation
    gray, blur, noise: how often; blur's sigma is up to 1.5 pixels, noise's up to 0.05 of full scale
    keep        an instance that keeps less than this share of its area in the crop becomes an ignored region
    rarest      how often the crop is laid around an object of the rarest class in the picture, which gives rare classes
                more of the pixels, object by object; `common` is how common each class is, in the order of the labels
    opposites   which keypoint takes each one's place in a mirror, as `keypoints.opposites` says; () is its own
    """

    zoom: tuple[float, float] = (0.75, 1.5)
    mirror: float = 0.5
    upside_down: float = 0.0
    contrast: float = 0.3
    brightness: float = 0.3
    gamma: float = 1.4
    tint: float = 0.1
    saturation: float = 0.4
    gray: float = 0.15
    blur: float = 0.2
    noise: float = 0.2
    keep: float = 0.3
    rarest: float = 0.0
    common: tuple[float, ...] = ()
    opposites: tuple[int, ...] = ()

    def __call__(self, example: Example, size: int, draw: Draw) -> tuple[Picture, Example]:
        """The network's picture, float32 (h, w, 3) in [0, 1] with a shorter side of at most `size`, and its labels."""
        example = self._turned(example, draw)
        picture, example = self._cropped(example, size, draw)
        return self._developed(picture, draw), example

    def _turned(self, example: Example, draw: Draw) -> Example:
        if (draw / "mirror").uniform() < self.mirror:
            example = mirror(example, self.opposites)
        if (draw / "upside_down").uniform() < self.upside_down:
            example = upside_down(example, self.opposites)
        return example

    def _cropped(self, example: Example, size: int, draw: Draw) -> tuple[Picture, Example]:
        """Zoomed in: a part of the picture, as large as all of it would be. Zoomed out: all of it, smaller."""
        height, width = example.image.shape[:2]
        target = self._target(example, draw)
        least = self.zoom[0] if target is None else max(self.zoom[0], 1.0)
        zoom = float(np.exp((draw / "zoom").rng().uniform(*np.log((least, max(least, self.zoom[1]))))))
        h, w = (max(round(side / max(zoom, 1.0)), 1) for side in (height, width))
        rng = (draw / "crop").rng()
        tops, lefts = (0, height - h), (0, width - w)
        if target is not None:
            tops, lefts = _around(target[1::2], h, height), _around(target[::2], w, width)
        top, left = int(rng.integers(tops[0], tops[1] + 1)), int(rng.integers(lefts[0], lefts[1] + 1))
        cut = crop(example, (left, top, left + w, top + h), self.keep)
        scale = min(zoom, 1.0) * size / min(height, width)
        tall, wide = max(round(height * scale), 1), max(round(width * scale), 1)
        picture, cut = scaled(cut, tall, wide)
        return picture, nearer(cut, min(height, width) / size * np.sqrt(tall * wide / (h * w)))

    def _target(self, example: Example, draw: Draw) -> NDArray[np.float32] | None:
        """The box to crop around: any object of the rarest class there is; None where the crop may lie anywhere."""
        if not (draw / "rarest").uniform() < self.rarest or example.ignore.all():
            return None
        common = np.where(example.ignore, np.inf, np.array(self.common)[example.labels - 1])
        rarest = np.flatnonzero(common == common.min())
        chosen: NDArray[np.float32] = example.boxes[(draw / "rarest" / "object").rng().choice(rarest)]
        return chosen

    def _developed(self, picture: Picture, draw: Draw) -> Picture:
        rng = (draw / "light").rng()
        picture = picture ** np.float32(self.gamma ** rng.uniform(-1, 1))
        mean = picture.mean(dtype=np.float32)
        picture = (picture - mean) * np.float32(1 + rng.uniform(-1, 1) * self.contrast) + mean
        picture = picture * np.float32(1 + rng.uniform(-1, 1) * self.brightness)
        picture = picture * (1 + rng.uniform(-1, 1, 3) * self.tint).astype(np.float32)
        picture = self._colored(picture, draw)
        if (draw / "blur").uniform() < self.blur:
            sigma = (draw / "blur" / "sigma").rng().uniform(0.3, 1.5)
            picture = ndimage.gaussian_filter(picture, (sigma, sigma, 0))
        if (draw / "noise").uniform() < self.noise:
            rng = (draw / "noise" / "grain").rng()
            picture = picture + np.float32(rng.uniform(0, 0.05)) * rng.standard_normal(picture.shape, np.float32)
        return np.clip(picture, 0, 1, dtype=np.float32)

    def _colored(self, picture: Picture, draw: Draw) -> Picture:
        rng = (draw / "color").rng()
        amount = np.float32(0.0 if rng.random() < self.gray else 1 + rng.uniform(-1, 1) * self.saturation)
        gray = (picture @ LUMA)[..., None]
        return gray + (picture - gray) * amount


def _around(ends: NDArray[np.float32], length: int, whole: int) -> tuple[int, int]:
    """First and last start of a window of `length` within `whole` that holds as much as it can of what lies between two
    ends: all of it, or nothing else."""
    low, high = sorted((int(np.ceil(ends[1])) - length, int(np.floor(ends[0]))))
    first, last = np.clip((low, high), 0, whole - length)
    return int(first), int(last)


def mirror(example: Example, opposites: tuple[int, ...] = ()) -> Example:
    """Left becomes right."""
    width = example.image.shape[1]
    boxes = example.boxes.copy()
    boxes[:, [0, 2]] = width - example.boxes[:, [2, 0]]
    masks = None if example.masks is None else example.masks[:, :, ::-1]
    depth = None if example.depth is None else example.depth[:, ::-1]
    points = _mirrored(example, 0, width, opposites)
    return replace(example, image=example.image[:, ::-1], boxes=boxes, masks=masks, depth=depth, keypoints=points)


def upside_down(example: Example, opposites: tuple[int, ...] = ()) -> Example:
    """Top becomes bottom."""
    height = example.image.shape[0]
    boxes = example.boxes.copy()
    boxes[:, [1, 3]] = height - example.boxes[:, [3, 1]]
    masks = None if example.masks is None else example.masks[:, ::-1]
    depth = None if example.depth is None else example.depth[::-1]
    points = _mirrored(example, 1, height, opposites)
    return replace(example, image=example.image[::-1], boxes=boxes, masks=masks, depth=depth, keypoints=points)


def _mirrored(example: Example, axis: int, length: int, opposites: tuple[int, ...]) -> Points | None:
    """Keypoints with x (axis 0) or y reversed, each under the name of the one whose place it takes."""
    if example.keypoints is None:
        return None
    points = example.keypoints[:, list(opposites)] if opposites else example.keypoints.copy()
    points[..., axis] = length - points[..., axis]
    return within(points, *example.image.shape[:2])


def _moved(example: Example, corner: tuple[int, int], factors: tuple[float, float], size: tuple[int, int]) -> Example:
    """With keypoints measured from `corner` (x, y), times `factors`; outside of `size` (h, w) they are not labelled."""
    if example.keypoints is None:
        return example
    points = (example.keypoints - np.array([*corner, 0], np.float32)) * np.array([*factors, 1], np.float32)
    return replace(example, keypoints=within(points, *size))


def crop(example: Example, window: tuple[int, int, int, int], keep: float) -> Example:
    """The part inside `window` (half-open x0 y0 x1 y1). What is left of an instance counts as an ignored region when it
    is less than `keep` of its area; instances that are wholly outside are dropped."""
    x0, y0, x1, y1 = window
    image = example.image[y0:y1, x0:x1]
    if example.depth is not None:
        example = replace(example, depth=example.depth[y0:y1, x0:x1])
    example = _moved(example, (x0, y0), (1, 1), (y1 - y0, x1 - x0))
    if example.masks is not None:
        masks = example.masks[:, y0:y1, x0:x1]
        before, after = (m.sum((1, 2), dtype=np.float64) for m in (example.masks, masks))
        cut = replace(example, image=image, masks=masks, boxes=boxes_of(masks))
    else:
        corner = np.array([x0, y0, x0, y0], np.float32)
        boxes = np.clip(example.boxes - corner, 0, [x1 - x0, y1 - y0, x1 - x0, y1 - y0]).astype(np.float32)
        before, after = areas(example.boxes), areas(boxes)
        cut = replace(example, image=image, boxes=boxes)
    return replace(cut, ignore=example.ignore | (after < keep * before)).only(after > 0)


def scaled(example: Example, height: int, width: int) -> tuple[Picture, Example]:
    """The picture at another size, float32 in [0, 1], anti-aliased, and its labels; masks and depth are sampled at
    pixel centres and boxes taken from the masks. Instances too small for any pixel are dropped."""
    h, w = example.image.shape[:2]
    resized = Image.fromarray(np.ascontiguousarray(example.image)).resize((width, height), Image.Resampling.BILINEAR)
    picture = np.asarray(resized, np.float32) / 255
    rows = ((np.arange(height) + 0.5) * h / height).astype(int)
    columns = ((np.arange(width) + 0.5) * w / width).astype(int)
    if example.depth is not None:
        example = replace(example, depth=example.depth[rows[:, None], columns[None, :]])
    example = _moved(example, (0, 0), (width / w, height / h), (height, width))
    if example.masks is None:
        boxes = example.boxes * np.array([width / w, height / h] * 2, np.float32)
        small = replace(example, boxes=boxes.astype(np.float32))
    else:
        masks = example.masks[:, rows[:, None], columns[None, :]]
        small = replace(example, masks=masks, boxes=boxes_of(masks))
    return picture, small.only(areas(small.boxes) > 0)


def nearer(example: Example, zoom: float) -> Example:
    """A picture enlarged `zoom` times is what a lens with so much longer a focal length sees, and what the same lens
    sees of things that are so much nearer: no pixel tells which. Depth is divided by `zoom`, so that the network is
    always asked about the same lens."""
    return example if example.depth is None else replace(example, depth=example.depth / np.float32(zoom))


def boxes_of(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Half-open boxes (n, 4) around masks (n, h, w); zeros where a mask is empty."""
    return np.array([extent(mask) or (0, 0, 0, 0) for mask in masks], np.float32).reshape(-1, 4)


def areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Areas (n,) of boxes (n, 4)."""
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1)
