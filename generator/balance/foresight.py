"""Which scenes are worth a look: what their parameters alone tell of edge cases.

Night may follow from ``world.strength``, which is drawn from its own stream. Where rules ask for less night than the
spec makes, or for more, most scenes would be looked at in vain. So scenes are first thinned out by the tags that
parameters tell, at a small part of the cost of a look. A scene is worth a look with a probability that depends on those
tags alone: the probabilities that keep the caps and floors and change the mixture of tags least, in the sense of
Kullback and Leibler (Csiszar, "I-divergence geometry of probability distributions", Annals of Probability 1975). Each
decision is a function of (spec, rules, seed, scene), so neither blocks nor workers matter; the plan then chooses among
what was looked at as ever, and keeps the rules exactly.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from generator.balance.candidates import ranks
from generator.balance.plan import inside
from generator.balance.rules.edge_rule import limits
from generator.balance.tags import tags_of
from generator.sampling.sampler import OF_SCENE, SECTIONS, Sampler
from generator.spec.balancing import Balance
from generator.spec.edges import SOME, EdgeCase, conditions, names_in, reference_faults

Floats = NDArray[np.float64]
PILOT = 1000  # scenes whose parameters are drawn to learn how often tags occur together
STEEPEST = 20.0  # of a price: a tag that nobody wants is kept in exp(-20) of the scenes


class Foresight:
    """``foresight(index)``: whether to look at a scene. `first` is the index of the split's first frame."""

    def __init__(self, sampler: Sampler, rules: Balance, seed: int, split: str, first: int = 0) -> None:
        self._sampler, self._seed, self._split = sampler, seed, split
        self._views = sampler.spec.camera.views
        cases = foreseeable(sampler.spec.edge_cases, OF_SCENE if self._views > 1 else SECTIONS)
        bounds = shares(inside(rules))
        self.tags = tuple(tag for tag in bounds if tag in cases)
        self._cases = {tag: cases[tag] for tag in _needed(self.tags, cases)}
        self._sections = sections_of(self._cases)
        self._known: dict[tuple[str, ...], float] = {}
        if self.tags:
            self._learn(np.array([bounds[tag] for tag in self.tags]), first)

    def __call__(self, index: int) -> bool:
        """All frames of a scene have the same answer."""
        if not self._known:
            return True
        scene = index // self._views
        chance = self._known.get(self.expected(index), 1.0)
        return chance >= 1 or float(ranks(self._seed, f"{self._split}/look", [scene])[0]) < chance * 2.0**64

    def expected(self, index: int) -> tuple[str, ...]:
        """Of `tags`, those that the frame will have."""
        facts = self._sampler.foreseen(self._seed, index - index % self._views, self._sections)
        found = set(tags_of(facts, self._cases))
        return tuple(tag for tag in self.tags if tag in found)

    def _learn(self, bounds: Floats, first: int) -> None:
        pilot = [self.expected(first + k * self._views) for k in range(PILOT)]
        kinds = sorted(set(pilot))
        bits = np.array([[tag in kind for tag in self.tags] for kind in kinds], float)
        amount = np.array([pilot.count(kind) for kind in kinds], float)
        self._known = dict(zip(kinds, chances(bits, amount, bounds).tolist(), strict=True))


def chances(bits: Floats, amount: Floats, bounds: Floats) -> Floats:
    """Chances (S,), the greatest of them 1, of `amount` (S,) scenes of each kind, such that what passes has every tag
    in shares within `bounds` (T, 2), least and most; `bits` (S, T) says which kinds have which tag.

    The dual of the least divergence: minimize log(amount @ exp(-bits @ p)) + p+ @ most - p- @ least over prices
    p = p+ - p-. Where bounds cannot be met, prices end at `STEEPEST`."""
    count = bits.shape[1]
    least, most = bounds.T

    def dual(prices: Floats) -> tuple[float, Floats]:
        exponent = -bits @ (prices[:count] - prices[count:])
        top = exponent.max()
        mass = amount * np.exp(exponent - top)
        share = mass @ bits / mass.sum()
        value = np.log(mass.sum()) + top + prices[:count] @ most - prices[count:] @ least
        return float(value), np.r_[most - share, share - least]

    found: Any = minimize(dual, np.zeros(2 * count), jac=True, bounds=[(0, STEEPEST)] * (2 * count), method="L-BFGS-B")
    exponent = -bits @ (found.x[:count] - found.x[count:])
    return np.asarray(np.exp(exponent - exponent.max()))


def shares(rules: Balance) -> Mapping[str, tuple[float, float]]:
    """Least and greatest share of the frames, of every tag that a rule bounds."""
    edges = limits(rules)
    names = sorted({*rules.caps, *rules.floors, *edges})
    none = (0.0, 1.0)
    return {
        tag: (rules.floors.get(tag, edges.get(tag, none)[0]), rules.caps.get(tag, edges.get(tag, none)[1]))
        for tag in names
    }


def foreseeable(cases: Mapping[str, EdgeCase], sections: Collection[str]) -> Mapping[str, EdgeCase]:
    """Edge cases that follow from facts of these sections of the spec alone."""
    if reference_faults(cases):
        return {}

    def told(case: EdgeCase) -> bool:
        facts = all(fact.split(".")[0] in sections for _, fact, _ in conditions(case))
        return facts and not _asks_objects(case) and all(told(cases[name]) for name in names_in(case))

    return {name: case for name, case in cases.items() if told(case)}


def sections_of(cases: Mapping[str, EdgeCase]) -> tuple[str, ...]:
    return tuple(sorted({fact.split(".")[0] for case in cases.values() for _, fact, _ in conditions(case)}))


def _asks_objects(case: EdgeCase) -> bool:
    inner = (member for part in case.values() if isinstance(part, tuple) for member in part)
    return SOME in case or any(_asks_objects(member) for member in inner if not isinstance(member, str))


def _needed(tags: Collection[str], cases: Mapping[str, EdgeCase]) -> set[str]:
    """The tags and all that they are made of."""
    found: set[str] = set()
    todo = list(tags)
    while todo:
        tag = todo.pop()
        if tag not in found:
            found.add(tag)
            todo += names_in(cases[tag])
    return found
