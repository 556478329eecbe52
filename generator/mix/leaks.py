"""No picture is both learned from and judged on."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import TrainError

Pictures = Mapping[str, str]  # keys, by the fingerprints of the pixels


def refuse_leaks(learned: Mapping[str, Pictures], held_out: Mapping[str, Pictures]) -> None:
    """TrainError, naming the pictures, where a source to learn from, or to choose by, holds one that is held out, pixel
    by pixel."""
    for name, own in sorted(learned.items()):
        for where, others in sorted(held_out.items()):
            if shared := sorted(own[mark] for mark in own.keys() & others.keys()):
                raise TrainError(
                    f"{len(shared)} pictures of {name!r} are also in {where!r} ({', '.join(shared[:3])}): what is "
                    "learned from, or chosen by, cannot judge; take them out of one of the two"
                )


def fingerprint(image: NDArray[np.uint8]) -> str:
    """Hash of a picture's pixels."""
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()
