"""The parts of fitting: the edited text, distances, statistics of boxes and pictures."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, ks_2samp

from generator.base.draw import Draw
from generator.fitting.counts import thinned, unmixed
from generator.fitting.distances import Ends
from generator.fitting.measures import Picture, distance, measured
from generator.fitting.text import KEPT, Unchangeable, changed
from generator.fitting.traits import traits
from generator.spec.yaml import read

Write = Callable[[str, str], Path]
YAML = """\
a: &first {uniform: [1, 2]}  # one
b: {c: *first, d: 3}
e:
  - {f: [1, &second {normal: [0, 1]}, *second]}
  - g: 4   # four
h: *second
"""
CASES = [
    ({("b", "d"): 5}, {"b": {"c": {"uniform": [1, 2]}, "d": 5}}),
    ({("a",): 7.0}, {"a": 7.0}),  # others keep what the anchor meant
    ({("h",): {"product": [2.0, KEPT]}}, {"h": {"product": [2, {"normal": [0, 1]}]}}),
    ({("e", 0, "f", 1): {"product": [2.0, KEPT]}}, {"e": [{"f": [1, {"product": [2, {"normal": [0, 1]}]}, {"normal": [0, 1]}]}, {"g": 4}]}),
    ({("b", "c", "uniform"): [0, 9]}, {"b": {"c": {"uniform": [0, 9]}, "d": 3}}),  # behind an alias
    ({("e", 1, "new"): "x y", ("i", "j"): 1, ("i", "k"): 2}, {"e": [{"f": [1, {"normal": [0, 1]}, {"normal": [0, 1]}]}, {"g": 4, "new": "x y"}], "i": {"j": 1, "k": 2}}),
    ({("b", "new"): {1: 0.25, 2: 1e-05}}, {"b": {"c": {"uniform": [1, 2]}, "d": 3, "new": {1: 0.25, 2: 0.00001}}}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CASES, ids=lambda value: str(list(value)))
def test_exactly_the_named_values_change(changes: Any, expected: Any, write: Write) -> None:
    path = write("a.yaml", YAML)
    new = write("b.yaml", changed(path, changes, "fitted"))
    assert read(new).data == {**read(path).data, **expected}
    assert "# one" in new.read_text() and "# four" in new.read_text() and "# fitted" in new.read_text()


@pytest.mark.parametrize(
    "text",
    ["a: {b: 1}", "a: {b: 1,}", "a: {b: 1 , }", "a: {b: 1, # c\n  }", "a: {b: 1 # c, d\n  }", "a: {b: 1\n  , # c\n }"],
)
def test_braces_take_another_key_whatever_they_end_in(text: str, write: Write) -> None:
    new = write("b.yaml", changed(write("a.yaml", f"{text}\nz: 3\n"), {("a", "new"): 2, ("z",): 4}, "fitted"))
    assert read(new).data == {"a": {"b": 1, "new": 2}, "z": 4}


def test_what_others_share_is_not_changed_behind_their_backs(write: Write) -> None:
    with pytest.raises(Unchangeable, match="shared with others through &first"):
        changed(write("a.yaml", YAML), {("a", "uniform"): [3, 4]}, "fitted")


def test_distance_is_the_kolmogorov_smirnov_distance() -> None:
    rng = Draw(3).rng()
    for n, m in ((5, 9), (40, 30)):
        a, b = rng.integers(0, 12, n).astype(float), rng.integers(3, 15, m).astype(float)
        assert distance(a, b) == pytest.approx(ks_2samp(a, b).statistic, abs=1e-12)
    assert math.isnan(distance(np.zeros(0), np.ones(3)))


def test_statistics_of_boxes_by_hand() -> None:
    boxes = np.array([[0.1, 0.2, 0.3, 0.6], [0.2, 0.2, 0.4, 0.4]])
    series = measured("hand", [Picture(("a", "a"), boxes, 2.0), Picture((), np.zeros((0, 4)))], ["a"]).series
    assert series["count.a"].tolist() == [2, 0]
    assert series["size.a"] == pytest.approx([math.sqrt(0.08), 0.2])
    assert series["aspect.a"] == pytest.approx([1.0, 2.0]) and series["x.a"] == pytest.approx([0.2, 0.3])
    assert series["overlap.a"] == pytest.approx([0.02 / 0.08, 0.02 / 0.04])
    corners = Picture(("a", "a"), np.array([[0.1, 0.1, 0.3, 0.3], [0.25, 0.25, 0.45, 0.45]]))
    assert not measured("neighbours", [corners], ["a"]).series["overlap.a"].any(), "a sixteenth is none"


def test_thinning_and_its_inverse() -> None:
    """Of seven objects kept with probability 0.6 as many remain as a binomial law says; from that, seven come back."""
    seven = np.eye(9)[7]
    assert thinned(seven, 0.6)[:8] == pytest.approx(binom.pmf(np.arange(8), 7, 0.6))
    table = np.stack([np.append(binom.pmf(np.arange(8), n, 0.9), 0) for n in range(9)], 1)
    table[-1] = 1 - table[:-1].sum(0)
    law = unmixed(table, table[:-1, [2, 5]].mean(1))
    assert law[[2, 5]] == pytest.approx([0.5, 0.5], abs=0.08)


def test_ends_that_would_pass_each_other_keep_a_width() -> None:
    ends = Ends(width=math.log(2))
    ends.move(high=1.0, low=-1.0, half=0.5)
    near, far = ends.between(1.0, 2.0, (1.0, 2.0))
    assert far / near == pytest.approx(math.exp(0.2)) and math.sqrt(near * far) == pytest.approx(
        math.sqrt(2) * math.exp(0.5)
    )


def test_traits_of_plain_and_noisy_pictures() -> None:
    grey = np.full((80, 80, 3), 118, np.uint8)  # sRGB 118 is 0.18 linear
    plain = traits(grey)
    assert plain["brightness"] == pytest.approx(0, abs=0.03) and plain["warmth"] == 0 and plain["noise"] == 0
    noise = Draw(1).rng().normal(0, 8, (80, 80, 1))
    noisy = np.clip(np.round(grey + noise), 0, 255).astype(np.uint8)
    assert traits(noisy)["noise"] == pytest.approx(8 / 255, rel=0.06)
    assert traits(np.full((8, 8, 3), (200, 100, 50), np.uint8))["warmth"] > 3
