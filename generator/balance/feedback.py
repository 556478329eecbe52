"""Closing the loop: from what a detector got wrong on real photographs to the next plan's quotas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from generator.base.errors import DatasetError
from generator.spec.balancing import Balance
from generator.spec.quotas import Quota

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Errors:
    """1 - AP per class and, where the evaluation was sliced by tags, per tag; and the error over all."""

    classes: dict[str, float]
    tags: dict[str, float]
    overall: float


def read_errors(path: Path) -> Errors:
    """Of an ``evaluation.json``. Masks count where there are any. ``tags`` may hold, per tag, an AP or a measure with
    one under "ap" or "box". Raises DatasetError."""
    try:
        data = json.loads(Path(path).read_bytes())
        measured = data.get("mask") or data["box"]
        classes = {name: 1 - ap for name, ap in measured["classes"].items() if ap is not None}
        found = {tag: _ap(one) for tag, one in (data.get("tags") or {}).items()}
        overall = measured["ap"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: not an evaluation: {error!r}; run the config again, or `evaluate -o`") from error
    if not classes:
        raise DatasetError(f"{path}: no class could be judged there: there was nothing to find")
    tags = {tag: 1 - ap for tag, ap in sorted(found.items()) if ap is not None}
    return Errors(dict(sorted(classes.items())), tags, 1 - overall if overall is not None else 1.0)


def _ap(one: Any) -> float | None:
    """The average precision in whatever stands under a tag."""
    if isinstance(one, Mapping):
        return _ap(one.get("ap", one.get("mask") or one.get("box")))
    return None if one is None else float(one)


def next_rules(
    rules: Balance, errors: Errors, now: Shares, tags_now: Shares, strength: float = 1.0, most: float = 3.0
) -> Balance:
    """The rules with more of what is got wrong: a floor under each class's share of the objects, and under each tag's
    share of the frames.

    `now` and `tags_now` are the shares in the present data set. A share is multiplied by (error / mean error) to the
    power `strength`, by no more than `most` and no less than its inverse; class shares are made to add up to 1, and of
    them 90 % are asked for, so that a plan has room. Tags stay within their caps, and never above `edge_cap` where they
    have none.
    """
    weights = _weights(errors.classes, strength, most)
    target = {name: (now.get(name, 0.0) or 1 / len(weights)) * weight for name, weight in weights.items()}
    total = sum(target.values())
    cells = {name: round(0.9 * share / total, 4) for name, share in target.items()}
    floors = dict(rules.floors)
    for tag, weight in _weights(errors.tags, strength, most).items():
        cap = rules.caps.get(tag, rules.edge_cap)
        if weight > 1 and tag in tags_now:
            floors[tag] = round(min(max(floors.get(tag, 0.0), tags_now[tag] * weight), cap), 4)
    quotas = (*(one for one in rules.quotas if one.by != ("class",)), Quota(by=("class",), cells=cells))
    return rules.model_copy(update={"floors": floors, "quotas": quotas})


def _weights(errors: Shares, strength: float, most: float) -> dict[str, float]:
    if not errors:
        return {}
    mean = max(float(np.mean(list(errors.values()))), 1e-9)
    return {
        name: float(np.clip((max(error, 1e-6) / mean) ** strength, 1 / most, most)) for name, error in errors.items()
    }


def as_yaml(rules: Balance) -> str:
    """A ``balance:`` section to paste into a config; what is not asked for is left out."""
    asked = rules.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump({"balance": asked}, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)
