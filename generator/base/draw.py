"""Randomness is a name, not a sequence.

A `Draw` is a path such as ``(seed=0, index=4711) / "objects" / "mugs" / 2 / "scale"``. Its stream depends on that
path alone, so adding an object, reordering keys or retrying one placement leaves every other value as it was, and
scene 4711 can be made on any worker in any order.
"""

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from generator.base.errors import GeneratorError

Step = str | int
MOST = 2**63 - 1  # a seed or an index is a signed number of 64 bits
RANGE = f"a seed or an index must be a whole number from -{MOST + 1} to {MOST}"


@dataclass(frozen=True)
class Draw:
    """A named place in the tree of random streams.

    The stream is Philox-4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed by a
    128-bit BLAKE2b hash of (seed, index, path). Two different paths share a stream with probability 2**-128.
    """

    seed: int
    index: int = 0
    path: tuple[Step, ...] = ()

    def __truediv__(self, step: Step) -> "Draw":
        return Draw(self.seed, self.index, (*self.path, step))

    @property
    def root(self) -> "Draw":
        """The draw of the whole scene; shared values are drawn below it."""
        return Draw(self.seed, self.index)

    def key(self) -> int:
        """128-bit key of this path. Steps carry type and length, so ``"1"`` is not ``1`` and ``a/b`` not ``ab``."""
        try:
            root = struct.pack("<qq", self.seed, self.index)
        except struct.error:
            raise GeneratorError(f"seed {self.seed}, index {self.index}: {RANGE}") from None
        digest = hashlib.blake2b(root, digest_size=16, person=b"draw")
        for step in self.path:
            text = str(step).encode()
            digest.update(struct.pack("<cI", b"i" if isinstance(step, int) else b"s", len(text)) + text)
        return int.from_bytes(digest.digest(), "little")

    def rng(self) -> np.random.Generator:
        """A fresh generator at the start of this path's stream: two calls give the same numbers."""
        return np.random.Generator(np.random.Philox(key=self.key()))

    def uniform(self) -> float:
        """The first number of the stream, in [0, 1): also a stable hash, for ranking frames."""
        return float(self.rng().random())

    def __str__(self) -> str:
        return f"{self.seed}:{self.index}/" + "/".join(map(str, self.path))
