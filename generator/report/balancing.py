"""What balancing did: how often each edge case was seen, planned, painted and kept."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from generator.balance.plan import Plan
from generator.balance.rules.edge_rule import bounds
from generator.dataset.places import Place
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Counts, Selection, SplitSelection
from generator.report.balance_charts import by_number, kept_by_number, together
from generator.report.charts import TagShares, tags
from generator.spec.balancing import Balance

Limits = Mapping[str, tuple[float | None, float | None]]
EDGES = ("caps", "floors", "prevalence", "edge_factor", "edge_cap")  # what floors and caps of tags follow from


@dataclass(frozen=True)
class Confusion:
    """Frames by whether a tag was planned (from the look) and measured (on the painted frame's labels)."""

    tag: str
    both: int
    measured: int
    planned: int
    neither: int

    @property
    def agreement(self) -> float:
        return (self.both + self.neither) / max(1, self.both + self.measured + self.planned + self.neither)


@dataclass(frozen=True)
class Balanced:
    """One split. `passed` counts scenes that were not looked at, since their parameters told enough. `chart` is None
    without any tag; `looked` None without a plan; `kept` None without a selection."""

    split: str
    looked: int | None
    passed: int
    rejected: list[tuple[str, int]]
    planned: int | None
    painted: int
    kept: int | None
    chart: Markup | None
    classes: list[tuple[str, int, int | None]]
    combinations: tuple[int, int | None]
    selection: SplitSelection | None
    confusion: list[Confusion]
    dropped: list[tuple[str, int]]


def balanced(
    frames: Sequence[FrameRecord],
    folder: Place,
    selection: Selection | None,
    rules: Balance | None,
    classes: Sequence[str],
) -> list[Balanced]:
    """Every split of a data set in `folder`, by what files there are."""
    splits = sorted({frame.split for frame in frames}, key=lambda split: (split != "train", split))
    return [
        _split(split, [f for f in frames if f.split == split], folder, selection, rules, classes) for split in splits
    ]


def _split(
    split: str,
    frames: Sequence[FrameRecord],
    folder: Place,
    selection: Selection | None,
    rules: Balance | None,
    classes: Sequence[str],
) -> Balanced:
    path = folder / f"plan-{split}.json"
    plan = Plan.load(path) if path.exists() else None
    chosen = selection.splits.get(split) if selection else None
    keys = set(selection.kept) if selection else set()
    kept = [frame for frame in frames if frame.key in keys]
    why = Counter(selection.dropped[f.key] for f in frames if f.key in selection.dropped) if selection else Counter()
    return Balanced(
        split=split,
        looked=plan.looked if plan else None,
        passed=plan.passed if plan else 0,
        rejected=_alike(plan.rejected) if plan else [],
        planned=len(plan.tickets) if plan else None,
        painted=len(frames),
        kept=len(kept) if selection else None,
        chart=_chart(split, plan, frames, kept if selection else None, _limits(rules, selection)),
        classes=[(name, _instances(frames, name), _instances(kept, name) if selection else None) for name in classes],
        combinations=(len({f.tags for f in frames}), len({f.tags for f in kept}) if selection else None),
        selection=chosen,
        confusion=[Confusion(tag, **cells) for tag, cells in sorted(chosen.confusion.items())] if chosen else [],
        dropped=_alike(why),
    )


def _alike(reasons: Mapping[str, int], most: int = 4) -> list[tuple[str, int]]:
    """Reasons that differ only in their numbers, counted together, the commonest first; of each, one as an example."""
    counts: Counter[str] = Counter()
    example: dict[str, str] = {}
    for reason, count in sorted(reasons.items()):
        shape = re.sub(r"\d[\d.]*", "#", reason)
        counts[shape] += count
        example.setdefault(shape, reason)
    common = counts.most_common()
    rest = [("other reasons", sum(count for _, count in common[most:]))] if len(common) > most else []
    return [(example[shape], count) for shape, count in common[:most]] + rest


def _limits(rules: Balance | None, selection: Selection | None) -> Limits:
    """Floor and cap of each tag that were asked for: of the selection, which knows best, else of the config."""
    if selection:
        edges = {name: selection.asked[name] for name in EDGES if name in selection.asked}
        rules = Balance.model_validate(edges)
    return bounds(rules) if rules else {}


def _instances(frames: Sequence[FrameRecord], label: str) -> int:
    return sum(one.label == label for frame in frames for one in frame.annotated)


def _chart(
    split: str,
    plan: Plan | None,
    frames: Sequence[FrameRecord],
    kept: Sequence[FrameRecord] | None,
    limits: Limits,
) -> Markup | None:
    looked = dict(plan.before.tags) if plan else {}
    names = sorted({*looked, *limits, *(tag for frame in frames for tag in frame.tags)})
    rows = [
        TagShares(
            tag,
            {
                "looked": _counted(plan.before, tag) if plan else None,
                "planned": _counted(plan.after, tag) if plan else None,
                "painted": _measured(frames, tag),
                "kept": _measured(kept, tag) if kept is not None else None,
            },
            limits.get(tag, (None, None))[1],
            limits.get(tag, (None, None))[0],
        )
        for tag in names
    ]
    if not rows:
        return None
    return tags(rows, f"Share of {split} frames with each tag") + _combined(frames, kept)


def _combined(frames: Sequence[FrameRecord], kept: Sequence[FrameRecord] | None) -> Markup:
    """What became of combinations of tags."""
    keys = None if kept is None else {one.key for one in kept}
    numbers = by_number([one.tags for one in frames], [one.key in keys for one in frames]) if keys is not None else []
    title = "Of the frames with the tag of a row, the share that has the column's too"
    charts = [
        kept_by_number(numbers, "Share of the painted frames that was kept, by number of tags"),
        together([one.tags for one in (frames if kept is None else kept)], title),
    ]
    return Markup("").join(chart for chart in charts if chart)


def _counted(counts: Counts, tag: str) -> float:
    return counts.tags.get(tag, 0) / max(1, counts.frames)


def _measured(frames: Sequence[FrameRecord], tag: str) -> float:
    return sum(tag in frame.tags for frame in frames) / max(1, len(frames))
