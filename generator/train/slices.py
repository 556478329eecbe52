"""Which pictures belong together: neighbours of one video show the same objects, and are resampled as one."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from generator.base.errors import TrainError

EXPORTED = re.compile(r"\.rf\.[0-9a-f]{32}")  # Roboflow's hash of each picture


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
