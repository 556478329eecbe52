"""Planning before painting: look at scenes, and paint only those that a balanced data set wants."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, ValidationInfo, field_serializer, field_validator

from generator.balance.candidates import Candidates, Ints
from generator.balance.looks import Looked, Looks
from generator.balance.objects import with_quotas
from generator.balance.scenes import together
from generator.balance.solver import Choice, expressible, select
from generator.balance.tickets import Ticket, Tickets
from generator.base.errors import BalanceError, DatasetError
from generator.base.record import Record
from generator.dataset.atomic import write_json
from generator.dataset.places import Place
from generator.dataset.selection import Counts
from generator.spec.balancing import Balance

__all__ = ["Look", "Looked", "Plan", "Ticket", "Tickets", "inside", "plan"]

Look = Callable[[Sequence[int]], Iterable[Looked]]  # answers in the order of the indices


class Plan(Record):
    """Tickets of one split by scene index; how many scenes were looked at, why some were unusable, what that did."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    format: Literal[1, 2] = 2
    split: str
    seed: int
    first: int
    looked: int
    passed: int = 0  # scenes between `first` and the last one looked at that were not worth a look
    rejected: dict[str, int]
    before: Counts
    after: Counts
    tickets: Tickets

    @field_validator("tickets", mode="plain")
    @classmethod
    def _in_columns(cls, value: Any, info: ValidationInfo) -> Tickets:
        """Format 1 had a list of tickets."""
        try:
            return Tickets.read(info.data.get("split", ""), value)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no tickets: {error!r}") from error

    @field_serializer("tickets")
    def _as_data(self, tickets: Tickets) -> dict[str, Any]:
        return tickets.stored

    def save(self, path: Path) -> None:
        write_json(path, {**self.model_dump(), "format": 2})

    @classmethod
    def load(cls, path: Place) -> "Plan":
        try:
            return cls.model_validate(json.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: not a plan of format 2: {error}; delete it and plan again") from error


def plan(
    look: Look, split: str, wanted: int, rules: Balance, classes: Sequence[str], seed: int, first: int = 0,
    worth: Callable[[int], bool] = lambda _: True,
) -> Plan:  # fmt: skip
    """Looks at scenes `first`, `first` + 1, ... in blocks until `wanted` of them meet the rules together. Those that
    are not `worth` a look (`foresight`) are passed over.

    `look` gets scene indices and answers in their order; it may work in parallel, since neither blocks nor result
    depend on how. BalanceError says what stands in the way once ``wanted * rules.proposals`` scenes were looked at.
    Where scenes of several frames are planned whole, a scene's worth of frames may be missing.
    """
    rules = expressible(inside(rules), wanted)
    budget, seen = math.ceil(wanted * rules.proposals), Looks(classes, bool(rules.quotas))
    block, ahead, passed = wanted, count_from(first), 0
    while True:
        indices = list(islice(filter(worth, ahead), min(block, budget - len(seen))))
        seen.extend(look(indices))
        passed = indices[-1] + 1 - first - len(seen)
        rows = seen.usable
        choice, obstacle = _choose(seen, rows, rules, seed, split, wanted)
        got = 0 if choice is None else choice.size
        if choice is not None and got > wanted - int(np.bincount(seen.scenes(rows)).max(initial=1)):
            return _planned(split, seed, first, seen, rows, choice).model_copy(update={"passed": passed})
        if len(seen) >= budget:
            raise BalanceError(_short(split, wanted, got, seen, rows, choice, obstacle))
        block = max(math.ceil((wanted - got) * len(seen) / max(got, wanted / 8)), math.ceil(wanted / 16))


def inside(rules: Balance) -> Balance:
    """The rules with `margin` to spare, since what is measured on painted frames is not quite what a look foresees."""
    less, more = 1 - rules.margin, 1 + rules.margin
    caps = {tag: cap * less for tag, cap in rules.caps.items()}
    floors = {tag: min(floor * more, caps.get(tag, 1.0)) for tag, floor in rules.floors.items()}
    empty = rules.empty * less if rules.empty < 1 else 1.0
    return rules.model_copy(update={"caps": caps, "floors": floors, "empty": empty})


def units(seen: Looks, rows: Ints, rules: Balance, seed: int, split: str) -> tuple[Candidates, Candidates]:
    """Frames that were looked at, and their scenes."""
    frames = seen.candidates(rows, seed, split)
    if rules.quotas and (objects := seen.objects_of(rows)):
        frames = with_quotas(frames, objects, rules)
    return frames, together(frames, seen.scenes(rows))


def _choose(seen: Looks, rows: Ints, rules: Balance, seed: int, split: str, wanted: int) -> tuple[Choice | None, str]:
    """The choice, or None and what stands in its way: more looks may help."""
    if not len(rows):
        return None, "no scene could be used"
    try:
        return select(units(seen, rows, rules, seed, split)[1], rules, wanted), ""
    except BalanceError as error:
        return None, str(error)


def _planned(split: str, seed: int, first: int, seen: Looks, rows: Ints, choice: Choice) -> Plan:
    frames, scenes = units(seen, rows, Balance(), seed, split)
    kept = choice.kept if scenes is frames else choice.kept[seen.scenes(rows)]
    return Plan(
        split=split,
        seed=seed,
        first=first,
        looked=len(seen),
        rejected=seen.rejected(),
        before=frames.summary(kept | True),
        after=frames.summary(kept),
        tickets=seen.tickets(split, rows[kept]),
    )


def _short(split: str, wanted: int, got: int, seen: Looks, rows: Ints, choice: Choice | None, obstacle: str) -> str:
    """What stands in the way of enough frames."""
    lines = [f"{split}: {got} of {wanted} frames are possible among {len(seen)} scenes"]
    for reason, count in Counter(seen.rejected()).most_common(3):
        lines.append(f"{count} scenes were unusable: {reason}")
    if obstacle:
        lines.append(obstacle)
    frames = seen.candidates(rows, 0, split)
    for rule in dict.fromkeys(choice.binding) if choice else ():
        having = float(frames.column(rule.subject).mean())
        detail = f" {rule.asked:g}, {having:.3g} of the scenes have it" if rule.kind in ("cap", "floor") else ""
        lines.append(f"{rule}{detail}")
    return (
        "; ".join(lines) + ". Relax the rule, raise `proposals`, or change how often the scene file makes such scenes"
    )
