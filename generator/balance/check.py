"""Balancing after painting, on what was measured."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.balance.candidates import Candidates, from_records, tag_bits
from generator.balance.solver import Choice, expressible, select
from generator.base.errors import BalanceError
from generator.dataset.selection import Selection, SplitSelection
from generator.dataset.store import Dataset
from generator.spec.config import Balance


def check(dataset: Dataset, rules: Balance, seed: int = 0) -> Selection:
    """Which painted frames to keep. Every split is balanced on its own, by its measured tags."""
    kept: list[str] = []
    dropped: dict[str, str] = {}
    splits: dict[str, SplitSelection] = {}
    for split in sorted(pc.unique(dataset.records["split"]).to_pylist()):
        table = dataset.records.filter(pc.equal(dataset.records["split"], split))
        frames = from_records(table, dataset.manifest.classes, seed, split)
        try:
            choice = select(frames, expressible(rules, len(frames)))
        except BalanceError as error:
            raise BalanceError(f"{split}: {error}") from error
        keys = table["key"].to_numpy()
        kept += keys[choice.kept].tolist()
        lost = np.flatnonzero(~choice.kept)
        dropped |= {str(keys[at]): choice.reasons[choice.why[at]] for at in lost}
        splits[split] = _summary(frames, choice, table)
    asked = rules.model_dump(exclude={"proposals"})
    return Selection(seed=seed, asked=asked, kept=tuple(kept), dropped=dropped, splits=splits)


def confusion(table: pa.Table) -> dict[str, dict[str, int]]:
    """Per tag: frames where it was planned and measured ("both"), one of the two, or "neither"."""
    measured, planned = tag_bits(table["tags"]), tag_bits(table["planned"])
    result = {}
    for tag in sorted({*measured[0], *planned[0]}):
        has, expected = (_of(found, tag) for found in (measured, planned))
        cells = {"both": has & expected, "measured": has & ~expected, "planned": expected & ~has}
        result[tag] = {name: int(np.sum(cell)) for name, cell in {**cells, "neither": ~has & ~expected}.items()}
    return result


def _of(
    found: tuple[tuple[str, ...], np.ndarray[tuple[int, ...], np.dtype[np.bool_]]], tag: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    names, bits = found
    return bits[:, names.index(tag)] if tag in names else np.zeros(len(bits), bool)


def _summary(frames: Candidates, choice: Choice, table: pa.Table) -> SplitSelection:
    return SplitSelection(
        before=frames.summary(np.ones(len(frames), bool)),
        after=frames.summary(choice.kept),
        bound=choice.bound,
        gap=choice.gap,
        combinations=choice.combinations,
        combination_size=choice.combination_size,
        binding=tuple(map(str, choice.binding)),
        confusion=confusion(table),
    )
