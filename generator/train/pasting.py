"""Painted objects on photographs: what is rare among photographs is shown in them, at no label's cost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generator.base.draw import Draw
from generator.base.errors import TrainError, did_you_mean
from generator.dataset.examples import Example, Source
from generator.mix.traits import traits_of
from generator.render.blending import blend
from generator.train.augment import areas, boxes_of

SCALES = (0.8, 1.25)  # about the size that it has in a painted frame as large as the photograph
BLENDINGS = ("none", "gaussian")  # several, so that no trace of pasting means anything
WHOLE = 0.95  # share of its pixels that hang together in an object that is in one piece
TRIES = 8  # frames looked at for an object that can be cut out
SOFT = 16  # pixels that an object must have both ways, lest a soft rim is all of it
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Pasted:
    """One object in the photograph: `mask` (h, w) of all its pixels, before others are pasted on it."""

    label: int
    mask: Mask


@dataclass(frozen=True)
class Paste:
    """Pastes objects out of painted frames, by the masks of what of them is seen there, anywhere on a photograph
    (Dwibedi et al., "Cut, paste and learn", ICCV 2017; Ghiasi et al., "Simple Copy-Paste", CVPR 2021).

    donor    painted frames
    shares   by class, how often a photograph gets objects of it: of a frame that shows it, each by a coin, at least
             one. What touches a frame's border or is seen in pieces stays there: nothing here would explain why
    showing  by class, the numbers of the frames that show it
    keep     an object of which less than this share is still seen becomes an ignored region
    """

    donor: Source
    shares: Mapping[str, float]
    showing: Mapping[str, tuple[int, ...]]
    keep: float

    @classmethod
    def of(cls, donor: Source, shares: Mapping[str, float], keep: float) -> "Paste":
        """TrainError for classes that no frame shows, or frames without masks."""
        if not donor.masks:
            raise TrainError(f"paste: {donor.name} has no masks to cut objects out by; leave paste out")
        traits = traits_of(donor)
        showing = {name: tuple(k for k, one in enumerate(traits) if name in one.classes) for name in shares}
        for name, frames in showing.items():
            if not frames:
                raise TrainError(f"paste: no painted frame shows {name!r}{did_you_mean(name, donor.classes)}")
        return cls(donor, dict(sorted(shares.items())), showing, keep)

    def __call__(self, photo: Example, draw: Draw) -> Example:
        """The photograph with what is pasted on it, which comes last; a pure function of `draw`."""
        names = [name for name, share in self.shares.items() if (draw / name).uniform() < share]
        if not names:
            return photo
        image = photo.image.copy()
        pasted = [one for name in names for one in self._some(image, name, draw / name)]
        return covered(replace(photo, image=image), pasted, self.keep) if pasted else photo

    def _some(self, image: NDArray[np.uint8], name: str, draw: Draw) -> Iterator[Pasted]:
        """Objects of one class, pasted on the image; none, where `TRIES` frames had none that is fit."""
        for number in (draw / "frame").rng().permutation(self.showing[name])[:TRIES]:
            frame = self.donor[int(number)]
            if len(found := self._fit(frame, name)):
                break
        else:
            return
        rng = (draw / "objects").rng()
        heads = found[rng.random(len(found)) < 0.5]
        for one in heads if len(heads) else [rng.choice(found)]:
            if pasted := _on(image, frame, int(one), draw / int(one)):
                yield pasted

    def _fit(self, frame: Example, name: str) -> NDArray[np.int64]:
        """Numbers of the instances of a class that can be cut out."""
        label = self.donor.classes.index(name) + 1
        found = np.flatnonzero((frame.labels == label) & ~frame.ignore & _within(frame))
        return np.array([one for one in found if _in_one_piece(frame, one)], np.int64)


def _within(frame: Example) -> Mask:
    """Which instances (n,) do not touch the picture's border."""
    height, width = frame.image.shape[:2]
    return (frame.boxes[:, :2] > 0).all(1) & (frame.boxes[:, 2] < width) & (frame.boxes[:, 3] < height)


def _in_one_piece(frame: Example, one: int) -> bool:
    """Whether nothing parts what is seen of an instance, but for crumbs."""
    assert frame.masks is not None
    pieces, count = ndimage.label(frame.masks[one], np.ones((3, 3)))
    return count == 1 or int(np.bincount(pieces.ravel())[1:].max()) >= WHOLE * int(frame.masks[one].sum())


def _on(image: NDArray[np.uint8], frame: Example, one: int, draw: Draw) -> Pasted | None:
    """Pasted on the image where it fits as a whole; None where it is too large for that, or too small for any pixel."""
    assert frame.masks is not None
    rng, shape = draw.rng(), image.shape[:2]
    x0, y0, x1, y1 = frame.boxes[one].astype(int)
    scale = min(shape) / min(frame.image.shape[:2]) * float(np.exp(rng.uniform(*np.log(SCALES))))
    h, w = (max(round(side * scale), 1) for side in (y1 - y0, x1 - x0))
    above, mask = _resized(frame.image[y0:y1, x0:x1], frame.masks[one, y0:y1, x0:x1], (w, h))
    if h > shape[0] or w > shape[1] or not mask.any():
        return None
    top, left = int(rng.integers(shape[0] - h + 1)), int(rng.integers(shape[1] - w + 1))
    window = slice(top, top + h), slice(left, left + w)
    whole = np.zeros(shape, bool)
    how = str(rng.choice(BLENDINGS)) if min(h, w) >= SOFT else "none"
    blended = blend(image[window].astype(float), above, mask, how)
    image[window] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)
    whole[window] = mask
    return Pasted(int(frame.labels[one]), whole)


def _resized(image: NDArray[np.uint8], mask: Mask, size: tuple[int, int]) -> tuple[NDArray[np.float64], Mask]:
    """Both at `size` (w, h). Colours are those of the object alone: what is around it has no weight."""
    weight = _scaled(mask.astype(np.float32), size)
    colors = [_scaled((image[..., k] * mask).astype(np.float32), size) for k in range(3)]
    return np.stack(colors, -1) / np.maximum(weight, 1e-6)[..., None], weight > 0.5


def _scaled(channel: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR), np.float64)


def covered(photo: Example, pasted: list[Pasted], keep: float) -> Example:
    """Labels of a photograph and of what was pasted on it, later ones over earlier ones. What has masks loses the
    pixels that are covered; a box without one stays, as long as `keep` of it is free."""
    over = np.zeros(photo.image.shape[:2], bool)
    seen: list[Mask] = []
    for one in reversed(pasted):
        seen.insert(0, one.mask & ~over)
        over |= one.mask
    masks = np.array(seen)
    whole = np.array([one.mask.sum() for one in pasted], float)
    hidden = np.concatenate([_hidden(photo, over), 1 - masks.sum((1, 2)) / whole])
    own = None if photo.masks is None else photo.masks & ~over
    boxes = photo.boxes if own is None else boxes_of(own)
    changed = replace(
        photo,
        boxes=np.concatenate([boxes, boxes_of(masks)]),
        labels=np.concatenate([photo.labels, np.array([one.label for one in pasted], photo.labels.dtype)]),
        masks=None if own is None else np.concatenate([own, masks]),
        ignore=np.concatenate([photo.ignore, np.zeros(len(pasted), bool)]) | (hidden > 1 - keep),
    )
    return changed.only(areas(changed.boxes) > 0)


def _hidden(photo: Example, over: Mask) -> NDArray[np.float64]:
    """Share (n,) of each instance's mask, or of its box where there are none, that lies under `over`."""
    if photo.masks is not None:
        whole = np.maximum(photo.masks.sum((1, 2)), 1)
        return np.asarray((photo.masks & over).sum((1, 2)) / whole, float)
    limits = np.rint(photo.boxes).astype(int)
    return np.array([over[y0:y1, x0:x1].mean() if y1 > y0 and x1 > x0 else 0.0 for x0, y0, x1, y1 in limits], float)
