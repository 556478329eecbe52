"""Per class, how small an instance must be to be removed: the smallest share of a data set's, by visible pixels.

Poucin et al. (ICCVW 2021): removing 30 % of most classes and 60 % of persons helped nearly everywhere. The thresholds
are those of the training set alone; removed instances become ignored regions.
"""

from collections.abc import Iterable, Mapping

from generator.base.errors import TrainError, did_you_mean
from generator.dataset.smallest import thresholds_of
from generator.dataset.sources import SyntheticSource

DEFAULT = "default"


def thresholds(areas: Iterable[tuple[str, int]], share: float | Mapping[str, float]) -> dict[str, int]:
    """Per class, the pixels below which at most its share of the instances lie; classes without a share are left out.

    `areas` are (class, pixels). `share` is one for all, or by class with one for all others under ``default`` (else 0).
    TrainError for a class that there is none of.
    """
    if not isinstance(share, Mapping):
        return thresholds_of(areas, share)
    by_class: dict[str, list[int]] = {}
    for name, pixels in areas:
        by_class.setdefault(name, []).append(pixels)
    for name in sorted(share.keys() - by_class.keys() - {DEFAULT}):
        raise TrainError(f"smallest: there is no {name!r}{did_you_mean(name, by_class)}")
    found: dict[str, int] = {}
    for name, pixels_of in sorted(by_class.items()):
        found |= thresholds_of([(name, pixels) for pixels in pixels_of], share.get(name, share.get(DEFAULT, 0.0)))
    return found


def of_source(source: SyntheticSource, share: float | Mapping[str, float]) -> dict[str, int]:
    """Of painted frames, by visible pixels."""
    areas = [(one.label or "", one.visible_pixels) for frame in source.frames for one in frame.annotated]
    return thresholds(areas, share)
