"""`balance --html`: one page about a selection, before it is made or after; it loads nothing and runs no script."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup, escape
from PIL import Image

from generator.balance.check import Checked, confusion, split_of
from generator.balance.rules.edge_rule import bounds
from generator.balance.rules.variety import others, varieties
from generator.dataset.atomic import write_bytes
from generator.dataset.store import Dataset
from generator.report.balance_charts import by_number, kept_by_number, together
from generator.report.charts import TagShares, tags
from generator.report.page import embedded
from generator.report.sheet import frame_sheet
from generator.report.svg import element
from generator.spec.balancing import Balance

Confusion = Mapping[str, Mapping[str, int]]  # frames by tag and cell
CELLS = ("both", "planned", "measured", "neither")
LEGEND = Markup(
    '<p>Share of the frames with each tag: <i class="light"></i> painted, <i class="dark"></i> kept. '
    "A solid line is a cap, a dashed one a floor.</p>"
)
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem;color:#1f2937}
table{border-collapse:collapse;margin:1.4rem 0}
td,th{padding:.2rem .8rem;border-bottom:1px solid #e5e7eb;text-align:right}
th:first-child,td:first-child{text-align:left}svg.chart{width:100%;margin:.6rem 0;font-size:12px;overflow:visible}
i.light,i.dark{display:inline-block;width:1em;height:.8em;background:#5eb5ab}i.dark{background:#0f766e}
.grid{stroke:#e5e7eb}.axis{stroke:#9ca3af}.cap{stroke:#b91c1c}.floor{stroke:#1d4ed8;stroke-dasharray:4 3}
text.cap{stroke:none;fill:#b91c1c}text.floor{stroke:none;fill:#1d4ed8}.small{font-size:11px}img{max-width:100%}"""


def section(split: str, one: Checked, rules: Balance, confused: Confusion | None = None) -> Markup:
    """What became of one split. `confused` is that of `check.confusion`."""
    before, after = one.frames.summary(one.kept | True), one.frames.summary(one.kept)
    limits = bounds(rules)
    names = sorted({*one.frames.tags, *limits})
    rows = [
        TagShares(
            tag,
            {"painted": before.tags.get(tag, 0) / max(1, before.frames),
             "kept": after.tags.get(tag, 0) / max(1, after.frames)},
            limits.get(tag, (None, None))[1],
            limits.get(tag, (None, None))[0],
        )
        for tag in names
    ]  # fmt: skip
    having = [[tag for tag, has in zip(one.frames.tags, bits, strict=True) if has] for bits in one.frames.bits]
    stayed = [of for of, kept in zip(having, one.kept.tolist(), strict=True) if kept]
    charts = [
        LEGEND,
        tags(rows, f"Share of {split} frames with each tag") if rows else None,
        kept_by_number(by_number(having, one.kept.tolist()), "Share kept by number of tags"),
        together(stayed, "Kept frames: of those with the tag of a row, the share that has the column's too"),
    ]
    gap = f"{after.frames:,} of {before.frames:,} frames kept; at most {one.choice.bound:,.1f} are possible"
    return Markup("").join(
        [element("h2", escape(split)), element("p", escape(gap)),
         element("ul", *(element("li", escape(line)) for line in one.words)),
         *(chart for chart in charts if chart), _dropped(one), _varied(one, rules), _confused(confused or {})]
    )  # fmt: skip


def _dropped(one: Checked) -> Markup:
    why = Counter(one.why[~one.kept].tolist())
    rows = [element("tr", element("td", escape(reason)), element("td", f"{n:,}")) for reason, n in why.most_common(12)]
    return (
        element("table", element("tr", element("th", "dropped because of"), element("th", "frames")), *rows)
        if rows
        else Markup("")
    )


def _varied(one: Checked, rules: Balance) -> Markup:
    """Entropy of the other tags within each edge case."""
    found = varieties(rules, one.frames, one.kept)
    rows = [
        element("tr", element("td", escape(tag)), element("td", f"{bits:.2f} of {len(others(rules, one.frames, tag))}"))
        for tag, bits in found.items()
    ]
    head = element("tr", element("th", "variety within"), element("th", "entropy of the other tags, bits"))
    return element("table", head, *rows) if rows else Markup("")


def _confused(confused: Confusion) -> Markup:
    """What the look before painting said of each tag, against what the painted frame says."""
    rows = [
        element("tr", element("td", escape(tag)), *(element("td", f"{cells[name]:,}") for name in CELLS))
        for tag, cells in confused.items()
        if any(cells[name] for name in CELLS[:3])
    ]
    names = "planned and measured", "planned alone", "measured alone", "neither"
    head = element("tr", element("th", "planned against painted, frames"), *(element("th", name) for name in names))
    return element("table", head, *rows) if rows else Markup("")


def sheets(dataset: Dataset, splits: Mapping[str, Checked], n: int = 12) -> dict[str, Image.Image]:
    """Contact sheets of "kept" and "dropped" frames, as far as there are any."""
    found = {}
    for name, wanted in (("kept", True), ("dropped", False)):
        keys = {str(key) for one in splits.values() for key in one.keys[one.kept == wanted]}
        if keys:
            found[name] = frame_sheet(dataset, n, dataset.manifest.seed, kept=keys)
    return found


def confusions(dataset: Dataset, splits: Mapping[str, Checked]) -> dict[str, Confusion]:
    """`check.confusion` of each split."""
    return {split: confusion(split_of(dataset, split)) for split in splits}


def write_page(
    path: Path, splits: Mapping[str, Checked], rules: Balance, pictures: Mapping[str, Image.Image],
    confused: Mapping[str, Confusion] | None = None,
) -> None:  # fmt: skip
    """Write the page to `path`."""
    body = [section(split, one, rules, (confused or {}).get(split)) for split, one in splits.items()]
    for name, picture in pictures.items():
        body += [element("h2", escape(f"{name.capitalize()} frames")), element("img", src=embedded(picture), alt=name)]
    head = Markup('<!doctype html><html lang="en"><meta charset="utf-8"><title>Balance</title><style>{}</style>')
    page = head.format(Markup(STYLE)) + element("h1", "Balance") + Markup("").join(body) + Markup("</html>\n")
    write_bytes(path, page.encode())
