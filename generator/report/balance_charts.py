"""What balancing did to combinations of tags: how often two occur together, and who was dropped."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from generator.report.charts import SYNTHETIC
from generator.report.svg import line, picture, rect, text, ticks

Tags = Sequence[Sequence[str]]  # of frames
CELL, LEFT, TOP = 44, 150, 96


def together(frames: Tags, title: str) -> Markup | None:
    """A heat map: of the frames with the tag of a row, the share that has the column's as well. None below two tags."""
    names = sorted({tag for tags in frames for tag in tags})
    if len(names) < 2:
        return None
    alone = Counter(tag for tags in frames for tag in set(tags))
    both = Counter((one, other) for tags in frames for one in set(tags) for other in set(tags))
    parts = [text(0, 14, title, class_="name")]
    for k, name in enumerate(names):
        x, y = LEFT + k * CELL, TOP + k * CELL
        parts += [
            text(LEFT - 10, y + CELL / 2 + 4, f"{name} ({alone[name]})", text_anchor="end", class_="name"),
            text(x + CELL / 2, TOP - 8, name, class_="name", transform=f"rotate(-40 {x + CELL / 2:.0f} {TOP - 8})"),
        ]
        for column, other in enumerate(names):
            share = both[name, other] / alone[name]
            parts += _cell(LEFT + column * CELL, y, share, name == other)
    side = len(names) * CELL
    return picture(LEFT + side + 90, TOP + side + 6, title, *parts)


def _cell(x: float, y: float, share: float, same: bool) -> list[Markup]:
    if same:
        return [rect(x + 1, y + 1, CELL - 2, CELL - 2, fill="#e5e7eb")]
    ink = "#fff" if share > 0.55 else "#111"
    return [
        rect(x + 1, y + 1, CELL - 2, CELL - 2, fill=SYNTHETIC, fill_opacity=round(share, 3), stroke="#e5e7eb"),
        text(x + CELL / 2, y + CELL / 2 + 4, f"{share:.0%}", text_anchor="middle", class_="small", style=f"fill:{ink}"),
    ]


@dataclass(frozen=True)
class Number:
    """Frames with this many tags, and how many of them were kept."""

    tags: int
    frames: int
    kept: int


def by_number(frames: Tags, kept: Sequence[bool]) -> list[Number]:
    """Frames and kept ones by their number of tags."""
    every = Counter(len(tags) for tags in frames)
    stayed = Counter(len(tags) for tags, stays in zip(frames, kept, strict=True) if stays)
    return [Number(number, every[number], stayed[number]) for number in sorted(every)]


def kept_by_number(rows: Sequence[Number], title: str) -> Markup | None:
    """A bar per number of tags: the share kept. Selections that go for size alone drop frames with many tags."""
    if not rows:
        return None
    width, step, reach = 620, 26, 380.0
    parts = [text(0, 14, title, class_="name")]
    height = 26 + len(rows) * step
    for value in ticks(0, 1, 5):
        x = LEFT + value * reach
        parts += [line(x, 22, x, height, class_="grid"), text(x, height + 14, f"{value:.0%}", text_anchor="middle")]
    for k, row in enumerate(rows):
        y, share = 28 + k * step, row.kept / row.frames
        parts += [
            text(LEFT - 10, y + 12, f"{row.tags} tag{'s' * (row.tags != 1)}", text_anchor="end", class_="name"),
            rect(LEFT, y, max(share * reach, 1), 16, fill=SYNTHETIC, rx=2),
            text(LEFT + share * reach + 6, y + 12, f"{share:.1%} of {row.frames:,}", class_="small"),
        ]
    return picture(width, height + 20, title, *parts)
