"""What pictures and labels something was made of: hashes, and notes of them beside what was made."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from generator.dataset.atomic import canonical, write_json
from generator.dataset.examples import Source
from generator.mix.leaks import Pictures, fingerprint

DATA = "data.json"
MASKS = " masks "  # between the hash of pictures, boxes and classes, and that of masks
VAL = "real.val"
EARLIER = "earlier versions did not note the masks, or which part of its data a detector learned from"


class Contents(NamedTuple):
    """What reading all of a source tells: its `identity`, and its pictures."""

    identity: str
    pictures: Pictures


def identity(source: Source) -> str:
    """What a source consists of, as a hash: the same pictures and labels in the same order give the same. Masks have a
    hash of their own behind it, where there are any."""
    return contents(source).identity


def contents(source: Source, seen: Callable[[int, int], None] = lambda done, total: None) -> Contents:
    """Reads every example, once; `seen` is told how many of how many."""
    digest, masks, pictures = hashlib.sha256(), hashlib.sha256(), dict[str, str]()
    for k in range(len(source)):
        one = source[k]
        pictures[fingerprint(one.image)] = one.key
        more = [part for part in (one.depth, one.keypoints) if part is not None]
        for part in (one.image, one.boxes, one.labels, one.ignore, *more):
            digest.update(np.ascontiguousarray(part).tobytes())
        if one.masks is not None:
            masks.update(np.packbits(one.masks).tobytes())
        seen(k + 1, len(source))
    return Contents(digest.hexdigest() + (f"{MASKS}{masks.hexdigest()}" if source.masks else ""), pictures)


def of_values(*values: object) -> str:
    """The hash of plain data."""
    return hashlib.sha256(canonical(values)).hexdigest()


def of_part(whole: str, chosen: Sequence[int]) -> str:
    """Of some examples, by their numbers, of a source whose hash is `whole`."""
    return f"{whole} part {of_values(list(chosen))}"


@contextmanager
def made_of(path: Path, hashes: Mapping[str, str]) -> Iterator[None]:
    """While a file is written: its note is there once it is whole, so that what an interruption leaves is not taken for
    what it is not."""
    _note(path).unlink(missing_ok=True)
    yield
    write_json(_note(path), dict(hashes))


def is_of(path: Path, hashes: Mapping[str, str]) -> bool:
    """Whether a file's note says that it was made of what has these hashes."""
    try:
        return bool(json.loads(_note(path).read_text()) == hashes)
    except (OSError, ValueError):
        return False


def _note(path: Path) -> Path:
    return path.with_name(f"{path.stem}.of.json")


def same_data(folder: Path, other: Path, names: Iterable[str]) -> bool:
    """Whether detectors of two folders are noted to learn the same from the sources of these names."""
    notes = [json.loads((one / DATA).read_text()) if (one / DATA).exists() else {} for one in (folder, other)]
    return all(name in notes[0] and notes[0][name] == notes[1].get(name) for name in names)


def forget_other_data(folder: Path, data: Mapping[str, str], masks: bool) -> str:
    """Note what a detector is trained on. What was trained there on other data is removed; says why, or nothing.

    Notes of earlier versions tell neither masks nor validation photographs. They hold for detectors of boxes, but not
    for those that learn `masks`.
    """
    note = folder / DATA
    noted = json.loads(note.read_text()) if note.exists() else data
    why = "" if noted == data else _why(noted, data, masks)
    if why:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(note, dict(data))
    return why


def _why(noted: Mapping[str, str], data: Mapping[str, str], masks: bool) -> str:
    untold = noted == {name: one.partition(MASKS)[0] for name, one in data.items() if name != VAL}
    if untold and not masks:
        return ""
    earlier = untold or any(" of each scene, seed " in one for one in noted.values())
    return f"{EARLIER}: trained anew, this once" if earlier else "the data has changed: trained anew"
