"""Facts of a frame, and the tags (edge cases) that follow from them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from generator.base.frame import Frame, Instance
from generator.base.geometry import intersect, rotation_matrix
from generator.spec.edges import EdgeCase, Facts, holds, in_order

OCCLUDED = 0.9  # less visible than this counts as occluded


def facts_of(
    frame: Frame, classes: Sequence[str], scene: Mapping[str, float] | None = None, scale: float = 1.0
) -> Facts:
    """Scene facts (`scene` and the frame's own) and label facts (`known.KNOWN_LABEL_FACTS`, ``count.LABEL``).

    `scale` is the painted width over the frame's, for a look at a smaller size: pixel counts grow with its square.
    A fact that is about objects is left out where there is none.
    """
    present = [one for one in frame.instances if one.label is not None and one.amodal_pixels > 0]
    facts = {**(scene or {}), **frame.facts, **_counts(frame.annotated, classes)}
    facts["coverage"] = sum(one.visible_pixels for one in frame.annotated) / frame.instance.size
    if frame.annotated:
        pixels = [one.visible_pixels for one in frame.annotated]
        facts |= {"pixels": min(pixels) * scale**2, "largest": max(pixels) * scale**2}
        facts["share"] = min(pixels) / frame.instance.size
        facts["distance"] = min(one.distance for one in frame.annotated)
    if present:
        visible = np.array([one.visible_fraction for one in present])
        facts["visible_fraction"] = float(visible.min())
        facts["truncated_fraction"] = max(one.truncated_fraction for one in present)
        facts["occluded_share"] = float((visible < OCCLUDED).mean())
        facts["crowding"] = float(max(map(len, _overlaps(present))))
    result = Facts({name: float(value) for name, value in sorted(facts.items())})
    result.objects = tuple(object_facts(one, frame.instance.size, scale) for one in frame.annotated)
    return result


def object_facts(one: Instance, picture: int, scale: float = 1.0) -> dict[str, Any]:
    """`known.OBJECT_FACTS` of one object in a picture of so many pixels, and its "class"; the view is left out where
    the pose is not known."""
    facts: dict[str, Any] = {
        "class": one.label,
        "pixels": one.visible_pixels * scale**2,
        "share": one.visible_pixels / picture,
        "visible_fraction": one.visible_fraction,
        "truncated_fraction": one.truncated_fraction,
        "distance": one.distance,
    }
    away = float(np.linalg.norm(one.position))
    if away > 0:
        towards = rotation_matrix(np.asarray(one.rotation)).T @ (-np.asarray(one.position) / away)
        facts["view_elevation"] = math.degrees(math.asin(float(np.clip(towards[2], -1, 1))))
        facts["view_azimuth"] = math.degrees(math.atan2(float(towards[1]), float(towards[0])))
    return facts


def tags_of(facts: Mapping[str, float], edge_cases: Mapping[str, EdgeCase]) -> tuple[str, ...]:
    """Names of the edge cases that hold, sorted."""
    found: dict[str, bool] = {}
    for name in in_order(edge_cases):
        found[name] = holds(edge_cases[name], facts, found)
    return tuple(sorted(name for name, held in found.items() if held))


def _counts(annotated: Sequence[Instance], classes: Sequence[str]) -> dict[str, float]:
    counts = Counter(one.label for one in annotated)
    known = {f"count.{label}": float(counts[label]) for label in classes}
    return {"annotated": float(len(annotated)), "classes": float(len(counts)), **known}


def _overlaps(present: Sequence[Instance]) -> list[list[int]]:
    """Per object, the ids of the others whose amodal boxes overlap its own."""
    boxes = [(one.id, one.amodal_box) for one in present if one.amodal_box is not None]
    return [[other for other, theirs in boxes if other != one and intersect(box, theirs)] for one, box in boxes]
