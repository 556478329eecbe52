"""Average precision by tag, and how far a number from few scenes can be trusted."""

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.base.record import Record
from generator.train.matching import Matches

EXPORTED = re.compile(r"\.rf\.[0-9a-f]{32}")  # Roboflow's hash of each picture
Resampled = Callable[[Sequence[int]], float | None]


class Tagged(Record):
    """One tag: how many pictures carry it, and the average precision on those. None where there is nothing to find."""

    pictures: int
    ap: float | None


class Sliced(Record):
    """Average precision over all pictures, per tag, and the mean of the tags', in which rare conditions weigh as much
    as common ones."""

    ap: float | None
    tags: dict[str, Tagged]

    @property
    def macro(self) -> float | None:
        known = [one.ap for one in self.tags.values() if one.ap is not None]
        return float(np.mean(known)) if known else None


class Interval(Record):
    """A value, and the interval that holds `confidence` of its resamplings. `clusters` is how many there were to
    resample: with fewer than about ten the interval is too narrow itself."""

    value: float
    low: float
    high: float
    confidence: float
    clusters: int


def by_tag(matches: Matches, tags: Sequence[frozenset[str]]) -> Sliced:
    """`tags` of each picture, in the matches' order."""
    named = sorted(frozenset[str]().union(*tags))
    having = {tag: [k for k, some in enumerate(tags) if tag in some] for tag in named}
    return Sliced(
        ap=matches.ap(),
        tags={tag: Tagged(pictures=len(some), ap=matches.ap(pictures=some)) for tag, some in having.items()},
    )


def interval(
    measure: Resampled, clusters: Sequence[str], draw: Draw, times: int = 1000, confidence: float = 0.95
) -> Interval | None:
    """The percentile interval of a measure of pictures, when whole clusters of them are drawn with replacement (Efron &
    Tibshirani, "An Introduction to the Bootstrap", 1993, for dependent data).

    Neighbouring frames show the same objects: drawn one by one they would make the interval far too narrow. `clusters`
    names each picture's; `measure` takes pictures, by number and with repeats. None where there is nothing to find.
    """
    names = sorted(set(clusters))
    if len(names) < 2:
        raise TrainError("an interval needs at least two clusters of pictures; cut long runs shorter")
    members = [[k for k, cluster in enumerate(clusters) if cluster == name] for name in names]
    whole, rng = measure(range(len(clusters))), draw.rng()
    drawn = [rng.integers(len(names), size=len(names)) for _ in range(times)]
    values = [measure([k for cluster in some for k in members[cluster]]) for some in drawn]
    known = [value for value in values if value is not None]
    if whole is None or not known:
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value=whole, low=float(low), high=float(high), confidence=confidence, clusters=len(names))


def difference(a: Matches, b: Matches) -> Resampled:
    """Average precision of one detector minus another's on the same pictures: resampled in pairs, so that how hard the
    pictures are falls out."""

    def measure(pictures: Sequence[int]) -> float | None:
        one, other = a.ap(pictures=pictures), b.ap(pictures=pictures)
        return None if one is None or other is None else one - other

    return measure


def scenes_of(keys: Sequence[str], pattern: str = "", block: int = 20) -> list[str]:
    """A cluster for each picture: at most `block` neighbours of one video.

    What the first group of `pattern` (or all of it) finds in a key names its video, whose pictures follow each other
    by the numbers in their keys. Without one, `runs_of` with gaps up to 10. TrainError names a key that the pattern
    does not find.
    """
    if not pattern:
        return runs_of(keys, gap=10, longest=block)
    names = {key: _video(pattern, key) for key in keys}
    if lost := sorted(key for key, name in names.items() if name is None):
        raise TrainError(f"sequence: {pattern!r} is not in {lost[0]!r} ({len(lost)} pictures); change the pattern")
    videos: dict[str, list[str]] = {}
    for key, name in names.items():
        videos.setdefault(name or "", []).append(key)
    place = {
        key: f"{video}#{k // block}"
        for video, members in videos.items()
        for k, key in enumerate(sorted(members, key=_natural))
    }
    return [place[key] for key in keys]


def _video(pattern: str, key: str) -> str | None:
    found = re.search(pattern, key)
    return None if found is None else found[1 if found.re.groups else 0]


def _natural(key: str) -> list[tuple[int, str]]:
    """Digits in order of their value, names that an exporter appends left out."""
    parts = re.split(r"(\d+)", EXPORTED.sub("", key))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def runs_of(keys: Sequence[str], gap: int = 1, longest: int = 0) -> list[str]:
    """A cluster for each picture: frames of one video that follow each other.

    Pictures whose names differ only in their last number are of one video; a run goes on while that number grows by at
    most `gap`, and ends after `longest` pictures (0: never). Names without a number are clusters of their own.
    """
    found = [_numbered(key) for key in keys]
    result, run, length, last = [""] * len(keys), "", 0, ("", 0)
    for k in sorted(range(len(keys)), key=lambda k: (found[k], keys[k])):
        name, number = found[k]
        goes_on = number >= 0 and name == last[0] and number - last[1] <= gap and not 0 < longest <= length
        run, length = (run, length + 1) if goes_on else (keys[k], 1)
        result[k], last = run, found[k]
    return result


def _numbered(key: str) -> tuple[str, int]:
    """A name with its last number taken out, and that number; -1 where there is none. Digits that a letter follows, as
    in "8bit", are no number."""
    path = PurePosixPath(EXPORTED.sub("", key))
    found = list(re.finditer(r"\d+(?![\da-zA-Z])", path.stem))
    if not found:
        return str(path), -1
    start, end = found[-1].span()
    return f"{path.parent}/{path.stem[:start]}#{path.stem[end:]}{path.suffix}", int(found[-1][0])
