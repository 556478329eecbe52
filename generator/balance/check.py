"""Balancing after painting, on what was measured."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.balance.candidates import Amounts, Bools, Candidates, Ints, from_records, tag_bits
from generator.balance.objects import of_records, with_quotas
from generator.balance.scenes import scenes_of, together
from generator.balance.solver import Choice, expressible, select
from generator.balance.words import in_words
from generator.base.errors import BalanceError
from generator.dataset.selection import Selection, SplitSelection
from generator.dataset.store import Dataset
from generator.spec.balancing import Balance


@dataclass(frozen=True)
class Checked:
    """One split: its frames, what was kept of them, bool (n,), and why not; `units` are what was chosen among, frames
    or scenes, under `rules`."""

    keys: Amounts
    frames: Candidates
    kept: Bools
    why: Amounts
    choice: Choice
    units: Candidates
    rules: Balance

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All of it in words; for its advice frames are chosen again."""
        return in_words(self.units, self.choice, self.rules)


def check(dataset: Dataset, rules: Balance, seed: int = 0) -> Selection:
    """Which painted frames to keep. Every split is balanced on its own, by its measured tags."""
    return as_selection(dataset, checked(dataset, rules, seed), rules, seed)


def checked(dataset: Dataset, rules: Balance, seed: int = 0) -> dict[str, Checked]:
    """Every split's choice. Raises BalanceError, naming the split."""
    result = {}
    for split in sorted(pc.unique(dataset.records["split"]).to_pylist()):
        table = split_of(dataset, split)
        try:
            result[split] = checked_table(table, dataset.manifest.classes, rules, seed, split)
        except BalanceError as error:
            raise BalanceError(f"{split}: {error}") from error
    return result


def checked_table(
    table: pa.Table, classes: tuple[str, ...], rules: Balance, seed: int, split: str, wanted: int = 0
) -> Checked:
    """Records of one split; views of one scene (`scenes_of`) are kept or dropped together. Rules are those of a set of
    `wanted` frames, where these are to become more: some that so few frames cannot express then hold."""
    frames = from_records(table, classes, seed, split)
    frames = with_quotas(frames, of_records(table, classes) if rules.quotas else None, rules)
    scene: Ints = scenes_of(table)
    units = together(frames, scene)
    alone = units is frames
    choice = select(units, expressible(rules, max(wanted, frames.frames)))
    kept = choice.kept if alone else choice.kept[scene]
    why = np.asarray([*choice.reasons, ""])[choice.why if alone else choice.why[scene]]
    return Checked(table["key"].to_numpy(), frames, kept, why, choice, units, rules)


def as_selection(dataset: Dataset, splits: dict[str, Checked], rules: Balance, seed: int) -> Selection:
    kept = [key for one in splits.values() for key in one.keys[one.kept].tolist()]
    dropped = {
        str(key): str(reason)
        for one in splits.values()
        for key, reason in zip(one.keys[~one.kept], one.why[~one.kept], strict=True)
    }
    found = {split: _summary(one, split_of(dataset, split)) for split, one in splits.items()}
    asked = rules.model_dump(exclude={"proposals"})
    return Selection(seed=seed, asked=asked, kept=tuple(kept), dropped=dropped, splits=found)


def split_of(dataset: Dataset, split: str) -> pa.Table:
    """Records of one split, columns in one piece each."""
    return dataset.records.filter(pc.equal(dataset.records["split"], split)).combine_chunks()


def confusion(table: pa.Table) -> dict[str, dict[str, int]]:
    """Per tag: frames where it was planned and measured ("both"), one of the two, or "neither"."""
    measured, planned = tag_bits(table["tags"]), tag_bits(table["planned"])
    result = {}
    for tag in sorted({*measured[0], *planned[0]}):
        has, expected = (_of(found, tag) for found in (measured, planned))
        cells = {"both": has & expected, "measured": has & ~expected, "planned": expected & ~has}
        result[tag] = {name: int(np.sum(cell)) for name, cell in {**cells, "neither": ~has & ~expected}.items()}
    return result


def _of(found: tuple[tuple[str, ...], Bools], tag: str) -> Bools:
    names, bits = found
    return bits[:, names.index(tag)] if tag in names else np.zeros(len(bits), bool)


def _summary(one: Checked, table: pa.Table) -> SplitSelection:
    return SplitSelection(
        before=one.frames.summary(np.ones(len(one.frames), bool)),
        after=one.frames.summary(one.kept),
        bound=one.choice.bound,
        gap=one.choice.gap,
        combinations=one.choice.combinations,
        combination_size=one.choice.combination_size,
        binding=tuple(dict.fromkeys(map(str, one.choice.binding))),
        confusion=confusion(table),
    )
