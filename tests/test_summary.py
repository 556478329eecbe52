"""The table at the end of a run."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from generator.cli import stages
from generator.dataset.atomic import write_json

FOUND: dict[str, Any] = {
    "box": {"ap": 0.25, "ap50": 0.5}, "mask": None, "objects": 4,
    "box_counts": {"true_positives": 3, "false_positives": 2, "missed": 1},
}  # fmt: skip


def table(folder: Path, monkeypatch: pytest.MonkeyPatch, **evaluations: dict[str, Any]) -> list[list[str]]:
    for name, one in evaluations.items():
        write_json(folder / "train" / name / "evaluation.json", one)
    shown = Console(width=120, record=True, file=io.StringIO())
    monkeypatch.setattr(stages, "console", shown)
    stages.summary(SimpleNamespace(folder=folder))
    lines = shown.export_text().splitlines()
    return [[cell.strip() for cell in line.strip("┃│").replace("┃", "│").split("│")] for line in lines if "│" in line
            or "┃" in line]  # fmt: skip


def test_detectors_without_keypoints_have_no_column_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, row = table(tmp_path, monkeypatch, a=FOUND)
    assert head == ["arm", "box AP", "AP50", "mask AP", "found", "false", "missed"]
    assert row == ["a", "0.250", "0.500", "-", "3 of 4", "2", "1"]
    assert "PCK@0.1" not in table(tmp_path, monkeypatch, b=FOUND | {"placed": None})[0]


def test_the_share_of_keypoints_placed_well_is_told_where_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = {name: FOUND | {"placed": {"pck": share, "names": {}}} for name, share in (("a", 0.75), ("b", None))}
    head, *rows = table(tmp_path, monkeypatch, **placed, c=FOUND)
    assert [row[head.index("PCK@0.1")] for row in rows] == ["0.750", "-", "-"]
    assert [row[head.index("found")] for row in rows] == ["3 of 4"] * 3
