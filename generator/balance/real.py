"""Tags of real photographs: from their annotations, from the pictures, and from a table somebody made by hand."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Candidates, ranks
from generator.balance.tags import tags_of
from generator.base.errors import DatasetError
from generator.dataset.examples import Example, Source
from generator.spec.edges import EdgeCase, Facts

LUMA = np.array([0.2126, 0.7152, 0.0722])
EDGE = 1.0  # pixels from the border within which a box counts as cut


def facts_of_picture(image: NDArray[np.uint8]) -> dict[str, float]:
    """`known.IMAGE_FACTS` of uint8 (h, w, 3)."""
    rgb = image.astype(np.float64) / 255
    luma = rgb @ LUMA
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * luma[1:-1, 1:-1]
    high = rgb.max(2)
    saturation = np.divide(high - rgb.min(2), high, out=np.zeros_like(high), where=high > 0)
    return {
        "image.brightness": float(luma.mean()),
        "image.contrast": float(luma.std()),
        "image.saturation": float(saturation.mean()),
        "image.sharpness": float(laplacian.std()) if laplacian.size else 0.0,
        "image.colorfulness": _colorfulness(rgb),
        "image.warmth": float((rgb[..., 0] - rgb[..., 2]).mean()),
    }


def _colorfulness(rgb: NDArray[np.float64]) -> float:
    """Hasler and Süsstrunk, "Measuring colourfulness in natural images", SPIE 2003, of colours from 0 to 1."""
    red_green, yellow_blue = rgb[..., 0] - rgb[..., 1], (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    spread, mean = np.hypot(red_green.std(), yellow_blue.std()), np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * mean)


def facts_of_example(example: Example, classes: Sequence[str]) -> Facts:
    """What annotations tell, under the names that painted frames use, and what the picture tells.

    Boxes stand in for masks where there are none. A box at the border counts as half outside, since nobody knows.
    """
    real = ~example.ignore
    boxes, labels = example.boxes[real], [classes[label - 1] for label in example.labels[real]]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    if example.masks is not None:
        areas = example.masks[real].sum((1, 2)).astype(float)
    height, width = example.image.shape[:2]
    cut = (boxes[:, :2] < EDGE).any(1) | (boxes[:, 2] > width - EDGE) | (boxes[:, 3] > height - EDGE)
    counts = Counter(labels)
    facts = facts_of_picture(example.image) | {f"count.{name}": float(counts[name]) for name in classes}
    facts |= {"annotated": float(len(labels)), "classes": float(len(counts))}
    facts["coverage"] = float(min(areas.sum() / (width * height), 1.0))
    if labels:
        facts |= {"pixels": float(areas.min()), "largest": float(areas.max())}
        facts["share"] = facts["pixels"] / (width * height)
        facts |= {"truncated_fraction": 0.5 * float(cut.any()), "crowding": float(_overlapping(boxes).sum(1).max())}
    result = Facts(sorted(facts.items()))
    result.objects = tuple(
        {
            "class": label,
            "pixels": float(area),
            "share": float(area) / (width * height),
            "truncated_fraction": 0.5 * float(at_edge),
        }
        for label, area, at_edge in zip(labels, areas, cut, strict=True)
    )
    return result


def _overlapping(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    low, high = boxes[:, :2], boxes[:, 2:]
    both = (low[:, None] < high[None]).all(2) & (low[None] < high[:, None]).all(2)
    return np.asarray(both & ~np.eye(len(boxes), dtype=bool))


def read_tags(path: Path) -> dict[str, tuple[str, ...]]:
    """Tags by key from a CSV with the columns ``key`` (or ``image``) and ``tag`` (a row for each tag), or ``key`` and a
    column of 0/1 for each tag. Raises DatasetError with the line."""
    found: dict[str, set[str]] = {}
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            names = rows.fieldnames = ["key" if name == "image" else name for name in rows.fieldnames or []]
            if "key" not in names or len(names) < 2:
                raise DatasetError(f"{path}:1: needs a column `key`, and `tag` or a column of 0 and 1 for each tag")
            for row in rows:
                found.setdefault(row["key"], set()).update(_row_tags(path, rows.line_num, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
    return {key: tuple(sorted(tags)) for key, tags in sorted(found.items())}


def _row_tags(path: Path, line: int, row: Mapping[str, str]) -> set[str]:
    if None in (*row, *row.values()):  # what `csv` puts for a cell too few or too many
        raise DatasetError(f"{path}:{line}: must have as many cells, with commas between, as the first line")
    if "tag" in row:
        return {row["tag"]} - {""}
    for name, value in row.items():
        if name != "key" and value not in ("", "0", "1"):
            raise DatasetError(f"{path}:{line}: {name} is {value!r}; write 1 where {row['key']} has the tag, else 0")
    return {name for name, value in row.items() if name != "key" and value == "1"}


def tagged(
    source: Source, edge_cases: Mapping[str, EdgeCase], table: Mapping[str, Sequence[str]] | None = None, seed: int = 0
) -> Candidates:
    """The photographs of a source as candidates, by the edge cases that hold of what is known of them, and by `table`
    (tags by key). DatasetError names keys of the table that the source lacks."""
    table = table or {}
    keys, tags, counts = [], [], []
    for at in range(len(source)):
        example = source[at]
        facts = facts_of_example(example, source.classes)
        keys.append(example.key)
        tags.append({*tags_of(facts, edge_cases), *table.get(example.key, ())})
        counts.append([int(facts[f"count.{name}"]) for name in source.classes])
    if unknown := sorted(set(table) - set(keys)):
        raise DatasetError(
            f"{source.name}: has no picture {unknown[0]!r} ({len(unknown)} keys of the table are unknown)"
        )
    names = tuple(sorted({tag for of in tags for tag in of}))
    bits = np.array([[name in of for name in names] for of in tags], bool).reshape(len(keys), len(names))
    amounts = np.array(counts, np.int64).reshape(len(keys), len(source.classes))
    return Candidates(names, bits, tuple(source.classes), amounts, ranks(seed, "real", range(len(keys))))


def prevalences(frames: Candidates) -> dict[str, float]:
    """Share of the photographs with each tag: what ``balance: prevalence:`` takes."""
    return {tag: float(frames.column(tag).mean()) for tag in frames.tags} if len(frames) else {}
