"""From where objects are seen, against what the projection of a disc says; groups of a class, against their mixture."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from generator.base.draw import Draw
from generator.fitting.counts import Counts
from generator.fitting.looks import Look
from generator.fitting.measures import Numbers, Picture
from generator.fitting.views import KEPT, LEFT, Views

SHELL: dict[str, Any] = {"camera": {"position": {"shell": {"radius": [1, 2], "elevation": [10, 80]}}}}
ELEVATION = ("camera", "position", "shell", "elevation")


def disc(degrees: Numbers, rng: Generator) -> Numbers:
    """Width over height of discs that lie on a plane, seen from far away from so many degrees above it."""
    return np.exp(rng.normal(0, 0.03, len(degrees))) / np.sin(np.radians(degrees))


def looks(shapes: Sequence[float], down: Sequence[float], group: str = "lying") -> list[Look]:
    """One object in every picture."""
    return [
        Look(Picture(("coin",), np.array([[0.2, 0.2, 0.2 + 0.1 * a, 0.3]])), (group,), {(group, "coin"): 1}, down=d)
        for a, d in zip(shapes, down, strict=True)
    ]


def fitted(real: Numbers, rounds: int = 6) -> list[float]:
    """Elevations after so many rounds of looking at discs from where the camera then stands."""
    views, rng = Views(), Draw(1).rng()
    for _ in range(rounds):
        low, high = views.changes(SHELL).get(ELEVATION, [10, 80])
        down = rng.uniform(low, high, 150)
        views.update(looks(disc(down, rng), down), {"coin": real}, ["lying"])
    return list(views.changes(SHELL).get(ELEVATION, [10, 80]))


@pytest.mark.parametrize("low, high", [(50, 80), (10, 35), (25, 55)])
def test_the_camera_goes_where_discs_look_as_they_do(low: float, high: float) -> None:
    rng = Draw(2).rng()
    got = fitted(disc(rng.uniform(low, high, 400), rng))
    assert got == [pytest.approx(low, abs=7), pytest.approx(high, abs=7)]


def test_what_looks_alike_is_left_and_something_always_remains() -> None:
    rng = Draw(3).rng()
    low, high = fitted(disc(rng.uniform(10, 80, 400), rng))
    assert low < 15 and high > 74
    low, high = fitted(np.full(50, 1 / math.sin(math.radians(45))))
    assert high - low >= LEFT - 1e-6 and low < 45 < high


def test_groups_share_as_the_mixture_does_that_photographs_show() -> None:
    """Three of four real ones lie: the group that lies grows to so many, the one that is turned anyhow shrinks."""
    rng = Draw(4).rng()
    real = np.exp(np.concatenate([rng.normal(0.6, 0.05, 300), rng.normal(-0.4, 0.2, 100)]))
    lying, turned = np.exp(rng.normal(0.6, 0.05, 60)), np.exp(rng.normal(-0.4, 0.2, 140))
    seen = looks(lying, [40] * 60) + looks(turned, [40] * 140, "turned")
    favours = Views().update(seen, {"coin": real}, ["lying"])["coin"]
    assert favours["lying"] * 60 / 200 == pytest.approx(0.75, abs=0.08)
    assert favours["turned"] * 140 / 200 == pytest.approx(0.25, abs=0.08)
    counts = Counts("coin", ("lying", "turned"), np.full(100, 4.0))
    counts.update(seen, False, favours)
    mean = {group: float(np.arange(len(law)) @ law) for group, law in counts.laws.items()}
    assert sum(mean.values()) == pytest.approx(4, abs=0.3) and mean["lying"] / 4 == pytest.approx(0.75, abs=0.1)


def test_no_group_dies_and_few_objects_say_nothing() -> None:
    rng = Draw(5).rng()
    alike = np.exp(rng.normal(0.6, 0.05, 200))
    seen = looks(alike[:100], [40] * 100) + looks(np.full(100, 0.3), [40] * 100, "turned")
    favours = Views().update(seen, {"coin": alike}, ["lying"])["coin"]
    assert favours["turned"] * 0.5 == pytest.approx(KEPT)
    assert Views().update(seen[:10], {"coin": alike}, ["lying"]) == {}


def test_whole_pixels_are_no_shape() -> None:
    """Balls of 20 pixels, and of 40: their boxes are of whole pixels."""
    rng = Draw(6).rng()
    small, large = (np.round(rng.uniform(s, s + 4, 300)) / np.round(rng.uniform(s, s + 0.2, 300)) for s in (20, 40))
    assert Views().update(looks(large / large.mean(), [40] * 300), {"coin": small / small.mean()}, ["lying"]) == {}


def test_what_is_cut_has_another_shape() -> None:
    """Upright boxes of one shape, most of them cut by the right edge."""
    rng = Draw(7).rng()
    shapes = np.exp(rng.normal(0, 0.02, 60))
    cut = Look(Picture(("coin",), np.array([[0.95, 0.2, 1.0, 0.3]])), ("lying",), {("lying", "coin"): 1}, down=20)
    assert Views().update(looks(shapes, [40] * 60) + [cut] * 90, {"coin": shapes}, ["lying"]) == {}


def test_shapes_that_no_object_has_say_nothing_of_them() -> None:
    views, rng = Views(), Draw(8).rng()
    seen = looks(np.exp(rng.normal(-1.5, 0.05, 40)), [30] * 40) + looks([0.1] * 40, [60] * 40, "turned")
    assert views.update(seen, {"coin": np.full(12, 1.3)}, ["lying"])["coin"] == pytest.approx({"lying": 1, "turned": 1})
    assert views.changes(SHELL) == {}


@pytest.mark.parametrize("elevation", [{"uniform": [10, 80]}, None])
def test_elevations_that_are_no_two_numbers_are_left(elevation: Any) -> None:
    data = {"camera": {"position": {"shell": {"radius": [1, 2], "elevation": elevation}}}}
    assert Views(low=20.0).changes(data) == {}
    assert Views(low=20.0).changes({"camera": {"position": [0, 0, 1]}}) == {}
    assert Views(low=20.0).changes(SHELL) == {ELEVATION: [30.0, 80.0]}
