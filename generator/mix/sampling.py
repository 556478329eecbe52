"""Which examples of a source come more often: by class, by tag, by axis of the scene."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import sqrt
from typing import Literal

from generator.base.errors import TrainError, did_you_mean
from generator.mix.orders import Grouped, Order, Repeated, Shuffled
from generator.mix.traits import Traits, prevalence

Kind = Literal["plain", "repeat", "classes", "even"]
SLACK = 1e-9


@dataclass(frozen=True)
class Sampling:
    """How examples are drawn within every source.

    kind    ``plain`` is every example once per epoch. ``repeat`` shows what has rare classes or tags more often.
            ``classes`` gives every class the same turns, then every example of the class. ``even`` gives every
            combination of the tags of `axes` the same turns; classes need not be known.
    rare    class or tag: at least this share of all samples show it
    axes    axis: the tags on it, of which a frame has one or none
    below   ``repeat``: a class or tag in less than this share of the examples counts as rare
    most    ``repeat``: no example comes more than this many times as often as one without rare classes
    """

    kind: Kind = "plain"
    rare: Mapping[str, float] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    below: float = 0.1
    most: float = 4.0

    @property
    def plain(self) -> bool:
        return self.kind == "plain" and not self.rare


def orders_of(
    sampling: Sampling, traits: Mapping[str, Sequence[Traits]], shares: Mapping[str, float]
) -> dict[str, Order]:
    """An order for every source with a share of the mixture. TrainError for rare names that no source shows, and for
    quotas that cannot be met together."""
    if sampling.plain:
        return {}
    used = {name: list(some) for name, some in sorted(traits.items()) if shares.get(name, 0) > 0 and some}
    quotas = {name: _quotas(sampling.rare, used, shares, name) for name in used}
    return {name: _with_quotas(sampling, some, quotas[name], name) for name, some in used.items()}


def repeat_factors(traits: Sequence[Traits], below: float, most: float = float("inf")) -> list[float]:
    """r = max over an example's classes and tags c of max(1, sqrt(below / prevalence of c)), at most `most`.

    Gupta et al., "LVIS: A Dataset for Large Vocabulary Instance Segmentation" (CVPR 2019), section "repeat factor
    sampling", there for classes.
    """
    shares = prevalence(traits)
    factor = {name: sqrt(below / share) for name, share in shares.items()}
    return [min(most, max([1.0, *(factor[name] for name in one.names)])) for one in traits]


def _quotas(
    rare: Mapping[str, float], used: Mapping[str, Sequence[Traits]], shares: Mapping[str, float], source: str
) -> dict[str, float]:
    """Quotas of one source. Sources that have none of a rare thing leave its whole quota to the others."""
    known = set(chain.from_iterable(one.names for one in chain.from_iterable(used.values())))
    quotas = {}
    for name, share in sorted(rare.items()):
        if name not in known:
            raise TrainError(f"rare: no example shows {name!r}{did_you_mean(name, known)}")
        having = [other for other, some in used.items() if any(name in one.names for one in some)]
        part = sum(shares[other] for other in having) / sum(shares[other] for other in used)
        if share > part + SLACK:
            raise TrainError(
                f"rare: {name!r} shall be in {share:g} of the samples, but only {', '.join(having)} has it, and the "
                f"mixture's share of that is {part:g}"
            )
        if source in having:
            quotas[name] = share / part
    return quotas


def _with_quotas(sampling: Sampling, traits: Sequence[Traits], quotas: Mapping[str, float], source: str) -> Order:
    """Turns for every rare thing that would come too seldom without. The turns of one leave less room for the others,
    so they are given until all quotas are kept."""
    turns: dict[str, float] = {}
    while True:
        if sum(turns.values()) > 1 + SLACK:
            asked = ", ".join(f"{name} {share:g}" for name, share in sorted(turns.items()))
            raise TrainError(f"rare: the quotas of source {source!r} sum to more than 1 ({asked}); lower some")
        order = _with_turns(sampling, traits, turns)
        parts = order.parts
        given = {name: parts[[name in one.names for one in traits]].sum() for name in quotas}
        short = {name: share for name, share in quotas.items() if share > given[name] + SLACK and name not in turns}
        if not short:
            return order
        turns |= short


def _with_turns(sampling: Sampling, traits: Sequence[Traits], turns: Mapping[str, float]) -> Order:
    """Each name's share of the turns is for examples that show it, the others for those that show none of them."""
    if not turns:
        return _order(sampling, traits)
    everything = range(len(traits))
    groups = {f"rare/{name}": [k for k in everything if name in traits[k].names] for name in turns}
    shares = {f"rare/{name}": share for name, share in turns.items()}
    rest, left = [k for k in everything if not traits[k].names & turns.keys()], 1 - sum(turns.values())
    if rest and left > SLACK:
        groups["rest"], shares["rest"] = rest, left
    orders = {name: _order(sampling, [traits[k] for k in members]) for name, members in groups.items()}
    return Grouped(groups, shares, orders, len(traits))


def _order(sampling: Sampling, traits: Sequence[Traits]) -> Order:
    if sampling.kind == "repeat":
        return Repeated(repeat_factors(traits, sampling.below, sampling.most))
    if sampling.kind == "classes":
        return _evenly(by_class(traits), len(traits))
    if sampling.kind == "even":
        return _evenly(by_axes(traits, sampling.axes), len(traits))
    return Shuffled(len(traits))


def refuse_unknown_tags(axes: Mapping[str, Sequence[str]], traits: Iterable[Traits]) -> None:
    """TrainError for a tag of an axis that no example shows: it would be sampled as if it were on none."""
    known = set(chain.from_iterable(one.tags for one in traits))
    for axis, tags in sorted(axes.items()):
        for tag in tags:
            if tag not in known:
                hint = did_you_mean(tag, known)
                raise TrainError(
                    f"axes.{axis}: no example of any source shows {tag!r}{hint}; leave it out, or tag some"
                )


def by_class(traits: Sequence[Traits]) -> dict[str, list[int]]:
    """Examples of each class; an example with several is in several. Those without any are a group of their own."""
    groups: dict[str, list[int]] = {}
    for k, one in enumerate(traits):
        for name in sorted(one.classes) or [""]:
            groups.setdefault(name, []).append(k)
    return groups


def by_axes(traits: Sequence[Traits], axes: Mapping[str, tuple[str, ...]]) -> dict[str, list[int]]:
    """Examples of each combination of one tag per axis that occurs. TrainError where there are two of one axis."""
    groups: dict[str, list[int]] = {}
    for k, one in enumerate(traits):
        cell = "/".join(_on_axis(axis, axes[axis], one) for axis in sorted(axes))
        groups.setdefault(cell, []).append(k)
    return groups


def _on_axis(axis: str, tags: Sequence[str], one: Traits) -> str:
    found = sorted(one.tags.intersection(tags))
    if len(found) > 1:
        raise TrainError(
            f"axes.{axis}: an example is {' and '.join(found)} at once; an axis has tags that exclude that"
        )
    return found[0] if found else "-"


def _evenly(groups: Mapping[str, Sequence[int]], size: int) -> Order:
    orders = {name: Shuffled(len(members)) for name, members in groups.items()}
    return Grouped(groups, dict.fromkeys(groups, 1.0), orders, size)
