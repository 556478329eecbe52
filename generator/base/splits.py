"""The splits of a data set: scene indices of different splits lie apart, so that no scene is in two of them."""

from typing import Literal

Split = Literal["train", "val", "test"]
FIRST: dict[str, int] = {"train": 0, "val": 10_000_000, "test": 20_000_000}


def split_of(index: int) -> Split:
    """The split that a frame of this index belongs to."""
    return "test" if index >= FIRST["test"] else "val" if index >= FIRST["val"] else "train"
