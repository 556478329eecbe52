"""What is expected beyond a handful of photographs, against formulas, and how objects are brought into the picture."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.fitting.edges import LEAST, Edges, surplus
from generator.fitting.handful import BELIEF, PICTURES, SENSOR, SHAPE, SIDE, STOPS, widened, widened_traits
from generator.fitting.looks import Look
from generator.fitting.measures import Picture, is_cut, measured
from generator.fitting.photographs import read_real


def picture(*boxes: Sequence[float], label: str = "ball") -> Picture:
    return Picture((label,) * len(boxes), np.array(boxes, float).reshape(-1, 4))


MIDDLE = (0.47, 0.48, 0.53, 0.52)


@pytest.mark.parametrize("n", [3, 6, 24])
def test_sides_and_shapes_spread_as_the_posterior_predicts(n: int) -> None:
    """n objects of one size: a scaled inverse chi-squared posterior of the variance, then one further value."""
    found = widened("few", [picture(MIDDLE)] * n, ["ball"])
    share = BELIEF / (BELIEF + n) * (1 + 1 / n)
    logs, shapes = np.log(found.get("size.ball")), np.log(found.get("aspect.ball"))
    assert logs.std() == pytest.approx(np.sqrt(share) * SIDE, rel=0.15)
    assert shapes.std() == pytest.approx(np.sqrt(share) * SHAPE, rel=0.15)
    assert shapes.mean() == pytest.approx(np.log(1.5), abs=0.06)
    assert np.exp(logs.mean()) == pytest.approx(np.sqrt(0.06 * 0.04), rel=0.06)


def test_what_spreads_enough_is_left_as_it_is() -> None:
    """Sides from 0.02 to 0.6 of the picture spread more than is believed beforehand."""
    sides = np.geomspace(0.02, 0.6, 20)
    few = [picture((0.5 - s / 2, 0.5 - s / 2, 0.5 + s / 2, 0.5 + s / 2)) for s in sides]
    logs = np.log(widened("few", few, ["ball"]).get("size.ball"))
    assert logs.std() == pytest.approx(np.log(sides).std(), rel=0.12)


def test_counts_are_those_seen_and_now_and_then_others() -> None:
    found = widened("few", [picture(MIDDLE)] * 5, ["ball"]).get("count.ball")
    others = BELIEF / (BELIEF + 5) * (1 - np.exp(-1))  # Poisson's law has one object in exp(-1) of all cases
    assert len(found) == PICTURES and (found != 1).mean() == pytest.approx(others, abs=0.06)
    assert 0.8 < found.mean() < 1.2


def test_what_lies_across_others_is_that_of_the_few() -> None:
    """Six boxes in a row, that touch nowhere; and two, the smaller of which lies half in the larger."""
    row = [(0.05 + 0.15 * k, 0.4, 0.15 + 0.15 * k, 0.6) for k in range(6)]
    apart = widened("row", [picture(*row)], ["ball"])
    assert apart.get("size.ball").std() > 0.03 and not apart.get("overlap.ball").any()
    pair = widened("pair", [picture((0.3, 0.3, 0.7, 0.7), (0.6, 0.4, 0.8, 0.6))], ["ball"])
    found, shares = np.unique(pair.get("overlap.ball").round(3), return_counts=True)
    assert found.tolist() == [0.125, 0.5] and shares / shares.sum() == pytest.approx(0.5, abs=0.05)
    assert len(pair.get("overlap.ball")) == len(pair.get("size.ball"))


def test_what_was_whole_stays_whole() -> None:
    wide, cut = (0.05, 0.1, 0.9, 0.95), (0.7, 0.2, 1.0, 0.6)
    assert not widened("few", [picture(wide)] * 4, ["ball"]).get("cut.ball").any()
    assert widened("few", [picture(cut)] * 4, ["ball"]).get("cut.ball").mean() > 0.5
    four = np.array([wide, cut, (0, 0.2, 0.1, 0.3), (0.2, 0.3, 0.4, 0.999)])
    assert is_cut(four).tolist() == [False, True, True, True]


def test_other_classes_are_left_out_and_the_same_comes_again() -> None:
    few = [picture(MIDDLE), picture((0.1, 0.1, 0.3, 0.3), label="mug"), picture(MIDDLE)]
    found, again = (widened("few", few, ["ball"]) for _ in range(2))
    assert not any(key.endswith(".mug") for key in found.series)
    assert all(np.array_equal(values, again.series[key]) for key, values in found.series.items())


@pytest.mark.parametrize("n, fits", [(2, False), (5, True), (40, True)])
def test_a_few_objects_are_fitted_to_and_widened(n: int, fits: bool, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    for k in range(n):
        Image.new("RGB", (100, 80), (k, 90, 90)).save(tmp_path / "train" / f"{k}.png")
    pictures = [{"id": k, "file_name": f"{k}.png", "width": 100, "height": 80} for k in range(n)]
    boxes = [{"id": k, "image_id": k, "category_id": 1, "bbox": [30, 30, 20, 10]} for k in range(n)]
    labels = tmp_path / "train.json"
    labels.write_text(json.dumps({"images": pictures, "annotations": boxes, "categories": [{"id": 1, "name": "ball"}]}))
    real = read_real(labels, "", ("ball",), lambda *_: None)
    assert real.fit == (("ball",) if fits else ())
    assert real.measured.get("size.ball").std() == pytest.approx(0)
    assert (real.aim.get("size.ball").std() > 0.01) == (n == 5)
    assert ("wider than those show" in " ".join(real.notes)) == (n == 5)


def look(seen: int, drawn: int) -> Look:
    return Look(picture(*[MIDDLE] * seen), ("balls",) * seen, {("balls", "ball"): drawn})


def test_things_out_of_the_picture_come_nearer_with_the_camera() -> None:
    data = {"objects": {"balls": {"place": {"area": [2.0, 1.0]}}, "stars": {"place": {"crop": 0.8}}}}
    edges = Edges()
    edges.together(["balls"], [look(3, 4)] * 5, nearer=0.25)
    assert edges.changes(data) == {}, "three of four are seen: nothing to do"
    edges.together(["balls"], [look(1, 4)] * 5, nearer=0.25)
    place = ("objects", "balls", "place", "area")
    assert edges.changes(data)[place] == pytest.approx([0.5, 0.25])
    edges.together(["balls"], [look(1, 4)] * 5, nearer=0.25)
    assert edges.changes(data)[place] == pytest.approx([0.3, 0.15])


def test_what_is_cut_too_often_is_kept_in_the_picture() -> None:
    data = {"objects": {"balls": {"place": {"area": {"ref": "wide"}}}, "stars": {"place": {"crop": 0.8}}}}
    edges = Edges()
    for _ in range(4):
        edges.whole(["balls"], ["stars", "moons"], excess=1)
    crops = {("objects", name, "place", "crop"): pytest.approx(crop) for name, crop in (("stars", 0.4), ("moons", 0.5))}
    assert edges.changes(data) == crops, "an area that is no number is left, a crop that is not given is 1"
    gentle = Edges()
    gentle.whole(["balls"], [], excess=0.19)
    area = {"objects": {"balls": {"place": {"area": [2.0, 1.0]}}}}
    assert gentle.changes(area) == {("objects", "balls", "place", "area"): pytest.approx([1.8, 0.9])}
    real, now = measured("a", [picture(MIDDLE)] * 50, ["ball"]), measured("b", [picture((0, 0, 1, 1))] * 50, ["ball"])
    assert surplus(real.get("cut.ball"), now.get("cut.ball"), 0.3) == 1
    assert not surplus(now.get("cut.ball"), real.get("cut.ball"), 0.3)


def test_what_lies_across_others_too_often_is_kept_apart() -> None:
    data = {"objects": {"stars": {"place": {"overlap": 0.5}}, "kites": {"place": {"overlap": {"ref": "most"}}}}}
    edges = Edges()
    edges.clear(["stars", "moons", "kites"])
    there = {name: ("objects", name, "place", "overlap") for name in ("stars", "moons")}
    assert edges.changes(data) == {there["stars"]: pytest.approx(0.3), there["moons"]: pytest.approx(0.6)}
    for _ in range(9):
        edges.clear(["stars"])
    assert edges.changes(data)[there["stars"]] == pytest.approx(0.5 * LEAST)


def test_traits_keep_their_middle_and_spread_as_predicted() -> None:
    few = {"brightness": np.array([-1.0] * 4), "sharpness": np.array([0.8] * 4), "noise": np.array([0.01] * 4)}
    found = widened_traits(few)
    share = np.sqrt(BELIEF / (BELIEF + 4) * (1 + 1 / 4))
    assert found["brightness"].mean() == pytest.approx(-1, abs=0.05)
    assert found["brightness"].std() == pytest.approx(share * STOPS, rel=0.1)
    for key in ("sharpness", "noise"):
        logs = np.log(found[key] / few[key][0])
        assert logs.mean() == pytest.approx(0, abs=0.04) and logs.std() == pytest.approx(share * SENSOR, rel=0.1)
