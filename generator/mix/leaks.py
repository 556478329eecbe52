"""No picture is both learned from and judged on."""

import hashlib
from collections.abc import Mapping

import numpy as np

from generator.base.errors import TrainError
from generator.dataset.examples import Source


def fingerprints(source: Source) -> dict[str, str]:
    """Hash of every picture's pixels, and its key. Reads everything."""
    examples = (source[index] for index in range(len(source)))
    return {_fingerprint(example.image): example.key for example in examples}


def refuse_leaks(learned: Mapping[str, Source], held_out: Mapping[str, Source]) -> None:
    """TrainError, naming the pictures, where a source to learn from, or to choose by, holds one that is held out, pixel
    by pixel."""
    kept = {where: fingerprints(source) for where, source in sorted(held_out.items())}
    for name, source in sorted(learned.items()):
        own = fingerprints(source)
        for where, others in kept.items():
            if shared := sorted(own[mark] for mark in own.keys() & others.keys()):
                raise TrainError(
                    f"{len(shared)} pictures of {name!r} are also in {where!r} ({', '.join(shared[:3])}): what is "
                    "learned from, or chosen by, cannot judge; take them out of one of the two"
                )


def _fingerprint(image: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> str:
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()
