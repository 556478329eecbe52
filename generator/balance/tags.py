"""Facts of a frame, and the tags (edge cases) that follow from them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from generator.base.frame import Frame, Instance
from generator.base.geometry import intersect
from generator.spec.edges import EdgeCase, holds

OCCLUDED = 0.9  # less visible than this counts as occluded


def facts_of(
    frame: Frame, classes: Sequence[str], scene: Mapping[str, float] | None = None, scale: float = 1.0
) -> dict[str, float]:
    """Scene facts (`scene` and the frame's own) and label facts (`edges.KNOWN_LABEL_FACTS`, ``count.LABEL``).

    `scale` is the painted width over the frame's, for a look at a smaller size: pixel counts grow with its square.
    A fact that is about objects is left out where there is none.
    """
    present = [one for one in frame.instances if one.label is not None and one.amodal_pixels > 0]
    facts = {**(scene or {}), **frame.facts, **_counts(frame.annotated, classes)}
    facts["coverage"] = sum(one.visible_pixels for one in frame.annotated) / frame.instance.size
    if frame.annotated:
        facts["pixels"] = min(one.visible_pixels for one in frame.annotated) * scale**2
    if present:
        visible = np.array([one.visible_fraction for one in present])
        facts["visible_fraction"] = float(visible.min())
        facts["truncated_fraction"] = max(one.truncated_fraction for one in present)
        facts["occluded_share"] = float((visible < OCCLUDED).mean())
        facts["crowding"] = float(max(map(len, _overlaps(present))))
    return {name: float(value) for name, value in sorted(facts.items())}


def tags_of(facts: Mapping[str, float], edge_cases: Mapping[str, EdgeCase]) -> tuple[str, ...]:
    """Names of the edge cases that hold, sorted."""
    return tuple(sorted(name for name, case in edge_cases.items() if holds(case, facts)))


def _counts(annotated: Sequence[Instance], classes: Sequence[str]) -> dict[str, float]:
    counts = Counter(one.label for one in annotated)
    return {"annotated": float(len(annotated)), **{f"count.{label}": float(counts[label]) for label in classes}}


def _overlaps(present: Sequence[Instance]) -> list[list[int]]:
    """Per object, the ids of the others whose amodal boxes overlap its own."""
    boxes = [(one.id, one.amodal_box) for one in present if one.amodal_box is not None]
    return [[other for other, theirs in boxes if other != one and intersect(box, theirs)] for one, box in boxes]
