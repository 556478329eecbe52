"""`Selection`: which frames to keep. A manifest; no pixels are copied or deleted."""

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from generator.base.errors import DatasetError
from generator.base.record import Record
from generator.dataset.atomic import canonical, write_json
from generator.dataset.places import Place

SELECTION = "selection.json"


class Counts(Record):
    """Frames in all, frames without an annotated object, frames per tag and instances per class."""

    frames: int
    empty: int
    tags: dict[str, int]
    classes: dict[str, int]


class SplitSelection(Record):
    """What selecting did to one split.

    `bound` is what no selection under the same rules exceeds (the linear program's value), `gap` how far below it this
    one stayed, in frames. `combinations` is the share kept of every combination of tags with at least
    `combination_size` frames, `binding` the rules that cost frames. `confusion` counts per tag the frames where it was
    planned and measured ("both"), one of the two, or "neither".
    """

    before: Counts
    after: Counts
    bound: float
    gap: float
    combinations: float
    combination_size: int
    binding: tuple[str, ...] = ()
    confusion: dict[str, dict[str, int]] = Field(default_factory=dict)


class Selection(Record):
    """Keys of the kept frames, sorted; of the dropped ones with the reason; what was asked for; what became of it."""

    format: Literal[1] = 1
    seed: int
    asked: dict[str, Any]
    kept: tuple[str, ...]
    dropped: dict[str, str]
    splits: dict[str, SplitSelection]

    def save(self, path: Place) -> None:
        """With a checksum of its own: it is made anew at will, and no shard can vouch for it."""
        data = self.model_dump()
        write_json(path, {**data, "sha256": hashlib.sha256(canonical(data)).hexdigest()})

    @classmethod
    def load(cls, path: Place) -> "Selection":
        """Raises DatasetError for a file that is no selection, or is not as it was saved."""
        try:
            data = json.loads(path.read_bytes())
            written = data.pop("sha256", None) if isinstance(data, dict) else None
            if written is not None and written != hashlib.sha256(canonical(data)).hexdigest():
                raise ValueError("its checksum is wrong")
            return cls.model_validate_json(canonical(data))
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: not a selection of format 1: {error}; run `balance` again") from error
