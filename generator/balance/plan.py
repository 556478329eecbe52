"""Planning before painting: look at scenes, and paint only those that a balanced data set wants."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from generator.balance.candidates import Candidates, Ints, candidates
from generator.balance.groups import compact
from generator.balance.objects import of_looks, with_quotas
from generator.balance.scenes import together
from generator.balance.solver import Choice, expressible, select
from generator.base.errors import BalanceError, DatasetError
from generator.base.record import Record
from generator.dataset.atomic import write_json
from generator.dataset.selection import Counts
from generator.spec.balancing import Balance

PLAN = "plan.json"


@dataclass(frozen=True)
class Looked:
    """What a look found: tags, annotated instances by class, and why the frame cannot be used, if so. `objects` are the
    facts of single ones (`edges.Facts.objects`), which quotas over sizes or views need; frames with the same `scene`
    are planned all or none."""

    index: int
    tags: tuple[str, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    rejected: str = ""
    objects: tuple[Mapping[str, Any], ...] = ()
    scene: int | None = None


@dataclass(frozen=True)
class Ticket:
    """One frame that the plan wants painted. `tags` are those expected."""

    split: str
    index: int
    tags: tuple[str, ...]


Look = Callable[[Sequence[int]], Sequence[Looked]]


class Plan(Record):
    """Tickets of one split by scene index; how many scenes were looked at, why some were unusable, what that did."""

    format: Literal[1] = 1
    split: str
    seed: int
    first: int
    looked: int
    rejected: dict[str, int]
    before: Counts
    after: Counts
    tickets: tuple[Ticket, ...]

    def save(self, path: Path) -> None:
        write_json(path, {**self.model_dump(exclude={"tickets"}), "tickets": [asdict(one) for one in self.tickets]})

    @classmethod
    def load(cls, path: Path) -> "Plan":
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except (OSError, ValidationError) as error:
            raise DatasetError(f"{path}: not a plan of format 1: {error}; delete it and plan again") from error


def plan(
    look: Look, split: str, wanted: int, rules: Balance, classes: Sequence[str], seed: int, first: int = 0
) -> Plan:
    """Looks at scenes `first`, `first` + 1, ... in blocks until `wanted` of them meet the rules together.

    `look` gets scene indices and answers in their order; it may work in parallel, since neither blocks nor result
    depend on how. BalanceError says what stands in the way once ``wanted * rules.proposals`` scenes were looked at.
    Where scenes of several frames are planned whole, a scene's worth of frames may be missing.
    """
    rules = expressible(inside(rules), wanted)
    budget, seen = math.ceil(wanted * rules.proposals), list[Looked]()
    block = wanted
    while True:
        start = first + len(seen)
        seen += look(range(start, start + min(block, budget - len(seen))))
        usable = [one for one in whole_scenes(seen) if not one.rejected]
        choice, obstacle = _choose(usable, rules, classes, seed, split, wanted)
        got = 0 if choice is None else choice.size
        if choice is not None and got > wanted - _largest(usable):
            return _planned(split, seed, first, seen, usable, choice, classes)
        if len(seen) >= budget:
            raise BalanceError(_short(split, wanted, got, seen, usable, choice, obstacle))
        block = max(math.ceil((wanted - got) * len(seen) / max(got, wanted / 8)), math.ceil(wanted / 16))


def inside(rules: Balance) -> Balance:
    """The rules with `margin` to spare, since what is measured on painted frames is not quite what a look foresees."""
    less, more = 1 - rules.margin, 1 + rules.margin
    caps = {tag: cap * less for tag, cap in rules.caps.items()}
    floors = {tag: min(floor * more, caps.get(tag, 1.0)) for tag, floor in rules.floors.items()}
    empty = rules.empty * less if rules.empty < 1 else 1.0
    return rules.model_copy(update={"caps": caps, "floors": floors, "empty": empty})


def whole_scenes(seen: Sequence[Looked]) -> list[Looked]:
    """All but the last scene's frames, where frames name their scenes: more of it may be still to come."""
    last = seen[-1].scene
    return list(seen) if last is None else [one for one in seen if one.scene != last]


def scenes_in(usable: Sequence[Looked]) -> Ints:
    """Per frame the number of its scene; a frame that names none is one of its own."""
    known = [(one.index, 0) if one.scene is None else (one.scene, 1) for one in usable]
    return compact(np.array([2 * scene + named for scene, named in known], np.int64))[0]


def _largest(usable: Sequence[Looked]) -> int:
    return int(np.bincount(scenes_in(usable)).max(initial=1))


def _units(
    usable: Sequence[Looked], rules: Balance, classes: Sequence[str], seed: int, split: str
) -> tuple[Candidates, Candidates]:
    """Frames, and their scenes."""
    frames = candidates([(one.index, one.tags, one.classes) for one in usable], classes, seed, split)
    if rules.quotas and any(one.objects for one in usable):
        frames = with_quotas(frames, of_looks([one.objects for one in usable], classes), rules)
    return frames, together(frames, scenes_in(usable))


def _choose(
    usable: Sequence[Looked], rules: Balance, classes: Sequence[str], seed: int, split: str, wanted: int
) -> tuple[Choice | None, str]:
    """The choice, or None and what stands in its way: more looks may help."""
    if not usable:
        return None, "no scene could be used"
    try:
        return select(_units(usable, rules, classes, seed, split)[1], rules, wanted), ""
    except BalanceError as error:
        return None, str(error)


def _planned(
    split: str,
    seed: int,
    first: int,
    seen: Sequence[Looked],
    usable: Sequence[Looked],
    choice: Choice,
    classes: Sequence[str],
) -> Plan:
    frames, units = _units(usable, Balance(), classes, seed, split)
    kept = choice.kept if units is frames else choice.kept[scenes_in(usable)]
    tickets = tuple(Ticket(split, one.index, one.tags) for one, taken in zip(usable, kept, strict=True) if taken)
    return Plan(
        split=split,
        seed=seed,
        first=first,
        looked=len(seen),
        rejected=dict(Counter(one.rejected for one in seen if one.rejected)),
        before=frames.summary(kept | True),
        after=frames.summary(kept),
        tickets=tickets,
    )


def _short(
    split: str,
    wanted: int,
    got: int,
    seen: Sequence[Looked],
    usable: Sequence[Looked],
    choice: Choice | None,
    obstacle: str,
) -> str:
    """What stands in the way of enough frames."""
    lines = [f"{split}: {got} of {wanted} frames are possible among {len(seen)} scenes"]
    for reason, count in Counter(one.rejected for one in seen if one.rejected).most_common(3):
        lines.append(f"{count} scenes were unusable: {reason}")
    if obstacle:
        lines.append(obstacle)
    for rule in dict.fromkeys(choice.binding) if choice else ():
        having = sum(rule.subject in one.tags for one in usable) / len(usable)
        detail = f" {rule.asked:g}, {having:.3g} of the scenes have it" if rule.kind in ("cap", "floor") else ""
        lines.append(f"{rule}{detail}")
    return (
        "; ".join(lines) + ". Relax the rule, raise `proposals`, or change how often the scene file makes such scenes"
    )
