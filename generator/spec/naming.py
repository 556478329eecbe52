"""Names in the training section of a config that neither the scene nor the photographs can know."""

from collections.abc import Iterator, Mapping

from generator.base.errors import did_you_mean
from generator.base.strict import Fault, Loc
from generator.spec.config import RunConfig
from generator.spec.scene import SceneSpec

DEFAULT = "default"  # of `smallest`: all other classes


def naming_faults(config: RunConfig, spec: SceneSpec) -> list[Fault]:
    """Classes and edge cases that training asks for and that there are none of: told before hours of painting. Tables
    of photographs' tags may bring further ones."""
    train, real = config.train, config.real
    if train is None:
        return []
    classes = {*spec.classes, *train.harmonize.synthetic.makes, *train.harmonize.real.makes}
    classes |= {*real.classes} if real else set()
    found = list(_unknown({("train", "paste", name): name for name in train.paste}, classes, "class"))
    if isinstance(train.smallest, dict):
        smallest: dict[Loc, str] = {("train", "smallest", name): name for name in train.smallest if name != DEFAULT}
        found += _unknown(smallest, classes, "class")
    if real and any(part and part.tags for part in (real.train, real.val, real.test)):
        return found
    rare: dict[Loc, str] = {("train", "rare", name): name for name in train.rare}
    axes: dict[Loc, str] = {
        ("train", "axes", axis, k): tag for axis, tags in train.axes.items() for k, tag in enumerate(tags)
    }
    found += _unknown(rare, classes | {*spec.edge_cases}, "class or edge case")
    found += _unknown(axes, {*spec.edge_cases}, "edge case")
    return found


def _unknown(asked: Mapping[Loc, str], known: set[str], what: str) -> Iterator[Fault]:
    """Faults of the names, by place, that are not known."""
    for loc, name in asked.items():
        if name not in known:
            yield loc, f"no {what} {name!r} in the scene{did_you_mean(name, sorted(known))}"
