"""Names in the training section of a config that neither the scene nor the photographs can know."""

from collections.abc import Iterable

from generator.base.errors import did_you_mean
from generator.base.strict import Fault
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
    found = list(_unknown(("train", "paste"), train.paste, classes, "class"))
    if isinstance(train.smallest, dict):
        found += _unknown(("train", "smallest"), set(train.smallest) - {DEFAULT}, classes, "class")
    if real and any(part and part.tags for part in (real.train, real.val, real.test)):
        return found
    found += _unknown(("train", "rare"), train.rare, classes | {*spec.edge_cases}, "class or edge case")
    for axis, tags in train.axes.items():
        for place, tag in enumerate(tags):
            found += _unknown(("train", "axes", axis, place), [tag], {*spec.edge_cases}, "edge case")
    return found


def _unknown(loc: tuple[str | int, ...], names: Iterable[str], known: set[str], what: str) -> Iterable[Fault]:
    for name in sorted(set(names) - known):
        place = loc if isinstance(loc[-1], int) else (*loc, name)
        yield place, f"no {what} {name!r} in the scene{did_you_mean(name, sorted(known))}"
