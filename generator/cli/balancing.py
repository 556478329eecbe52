"""Verbs on balance: balance, quotas."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from generator.base.errors import GeneratorError, did_you_mean
from generator.base.strict import faults
from generator.cli.console import console
from generator.cli.data import Folder, dataset_folder, shares

if TYPE_CHECKING:
    from generator.balance.check import Checked
    from generator.dataset.store import Dataset
    from generator.spec.balancing import Balance

ConfigOption = Annotated[Path | None, typer.Option(help="Take the rules of this config.")]


def balance(
    dataset: Folder,
    cap: Annotated[list[str] | None, typer.Option(help="TAG=SHARE: at most this share of the kept frames.")] = None,
    floor: Annotated[list[str] | None, typer.Option(help="TAG=SHARE: at least this share.")] = None,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be kept; write no selection.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts and contact sheets.")] = None,
    fill: Annotated[int | None, typer.Option(help="Say what to paint for this many frames a split.", min=1)] = None,
) -> None:
    """Choose which frames to keep under caps and floors. Writes selection.json; deletes nothing."""
    from generator.balance.check import as_selection, checked
    from generator.dataset.selection import SELECTION
    from generator.dataset.store import Dataset

    rules = _rules(config, cap, floor)
    opened = Dataset.open(dataset_folder(dataset))
    seed = opened.manifest.seed
    splits = checked(opened, rules, seed)
    for split, one in splits.items():
        _show(split, one, rules)
        if fill:
            _show_missing(opened, split, rules, fill)
    _show_untagged(splits, rules)
    if html:
        from generator.report.balance_page import confusions, sheets, write_page

        write_page(html, splits, rules, sheets(opened, splits), confusions(opened, splits))
        console.print(f"wrote {html}")
    if dry_run:
        return console.print("nothing written: --dry-run", style="dim")
    as_selection(opened, splits, rules, seed).save(opened.folder / SELECTION)
    console.print(f"wrote {opened.folder / SELECTION}")


def _rules(config: Path | None, cap: list[str] | None, floor: list[str] | None) -> "Balance":
    """The config's rules with those of the command line. Raises GeneratorError."""
    from generator.spec.balancing import Balance
    from generator.spec.load import load_config

    rules = load_config(config).balance if config else Balance()
    caps, floors = {**rules.caps, **shares(cap)}, {**rules.floors, **shares(floor)}
    try:
        return Balance(**{**rules.model_dump(), "caps": caps, "floors": floors})
    except ValidationError as error:
        raise GeneratorError("; ".join(text for _, text in faults(error))) from None


def _show(split: str, one: "Checked", rules: "Balance") -> None:
    """A table of tags and classes, and what happened in words."""
    from generator.balance.rules.edge_rule import bounds

    before, after = one.frames.summary(one.kept | True), one.frames.summary(one.kept)
    title = f"{split}: {after.frames} of {before.frames} frames kept, {one.choice.gap:.1f} below the best possible"
    table = Table("tag", "before", "floor", "cap", "after", "kept", title=title)
    limits = bounds(rules)
    for tag in sorted({*before.tags, *limits}):
        had, has = before.tags.get(tag, 0), after.tags.get(tag, 0)
        low, high = (_percent(bound) for bound in limits.get(tag, (None, None)))
        shown = _percent(had / max(1, before.frames)), low, high, _percent(has / max(1, after.frames))
        table.add_row(tag, *shown, f"{has} of {had}")
    table.add_section()
    for name, count in before.classes.items():
        of = [_percent(found.classes[name] / max(1, sum(found.classes.values()))) for found in (before, after)]
        table.add_row(f"class {name}", of[0], "", "", of[1], f"{after.classes[name]} of {count}")
    console.print(table)
    for line in one.words:
        console.print(f"  {line}", highlight=False, markup=False)


def _show_untagged(splits: Mapping[str, "Checked"], rules: "Balance") -> None:
    """A data set does not know the edge cases that none of its frames is: a mistyped one looks like these."""
    tags = {tag for one in splits.values() for tag in one.frames.tags}
    for tag in sorted({*rules.caps, *rules.floors} - tags):
        console.print(f"no frame is tagged {tag!r}{did_you_mean(tag, tags)}", highlight=False, markup=False)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _show_missing(dataset: "Dataset", split: str, rules: "Balance", wanted: int) -> None:
    """Chosen under the rules of so many frames: what few frames are too few for may leave some of them out."""
    from generator.balance.check import checked_table, split_of
    from generator.balance.fill import per_tag, to_fill
    from generator.balance.solver import expressible

    manifest = dataset.manifest
    one = checked_table(split_of(dataset, split), manifest.classes, rules, manifest.seed, split, wanted)
    missing = to_fill(one.frames, one.kept, expressible(rules, wanted), wanted)
    console.print(
        f"  to fill up to {wanted} frames, paint {sum(part.frames for part in missing)} more", highlight=False
    )
    for tag, count in per_tag(missing).items():
        console.print(f"    {count} of them {tag}", highlight=False, markup=False)


def quotas(
    evaluation: Annotated[Path, typer.Option("--from", help="An evaluation.json on real validation photographs.")],
    dataset: Annotated[str | None, typer.Option(help="The data set that was trained on: its shares change.")] = None,
    config: ConfigOption = None,
    strength: Annotated[float, typer.Option(help="0 changes nothing, 1 shares out by error.", min=0)] = 1.0,
    real: Annotated[
        bool,
        typer.Option(
            "--real", help="Also how often edge cases really occur: in the config's real validation photographs."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the section here, not to the screen.")] = None,
) -> None:
    """Turn what a detector got wrong into the next plan's quotas: a `balance:` section for a config."""
    from generator.balance.feedback import as_yaml, next_rules, read_errors
    from generator.dataset.atomic import write_bytes

    errors = read_errors(evaluation)
    classes, tags = _present(dataset)
    rules = _rules(config, None, None)
    if real:
        rules = rules.model_copy(update={"prevalence": {**rules.prevalence, **_really(config)}})
    asked = next_rules(rules, errors, classes, tags, strength)
    table = Table("", "error", "share now", "at least", title=f"{evaluation}: error {errors.overall:.2f} over all")
    cells = asked.quotas[-1].cells
    for name, error in errors.classes.items():
        table.add_row(f"class {name}", f"{error:.2f}", _percent(classes.get(name)), _percent(cells[name]))
    for tag, error in errors.tags.items():
        table.add_row(f"tag {tag}", f"{error:.2f}", _percent(tags.get(tag)), _percent(asked.floors.get(tag)))
    console.print(table)
    if out:
        write_bytes(out, as_yaml(asked).encode())
        console.print(f"wrote {out}")
    else:
        console.print(as_yaml(asked), highlight=False, markup=False, soft_wrap=True)


def _really(config: Path | None) -> Mapping[str, float]:
    """Share of the real validation photographs that each edge case has, as far as photographs can tell."""
    from generator.balance.real import prevalences, tagged
    from generator.cli.project import Project

    project = Project.open(config) if config else None
    source = project.real(project.config.real.val) if project and project.config.real else None
    if project is None or source is None:
        raise GeneratorError("--real needs a --config with `real: {val: ...}`")
    found = prevalences(tagged(source, project.spec.edge_cases))
    return {tag: round(share, 4) for tag, share in found.items() if share > 0}


def _present(dataset: str | None) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Shares of classes (of objects) and tags (of frames) among the kept training frames."""
    from generator.dataset.selection import SELECTION, Selection
    from generator.dataset.store import Dataset

    if dataset is None:
        return {}, {}
    opened = Dataset.open(dataset_folder(dataset))
    chosen = opened.folder / SELECTION
    kept = set(Selection.load(chosen).kept) if chosen.exists() else {one.key for one in opened.frames}
    frames = [one for one in opened.frames if one.key in kept and one.split == "train"]
    labels = [item.label for one in frames for item in one.annotated]
    tags = sorted({tag for one in frames for tag in one.tags})
    classes = {name: labels.count(name) / max(1, len(labels)) for name in opened.manifest.classes}
    return classes, {tag: sum(tag in one.tags for one in frames) / max(1, len(frames)) for tag in tags}


def register(app: typer.Typer) -> None:
    for verb in (balance, quotas):
        app.command()(verb)
