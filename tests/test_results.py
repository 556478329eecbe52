"""Stored results: their format, what resampling makes of many of them, the curves, and the page."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from bootstrap import interval
from results_of import Photographs, found_in, result_of

from generator.base.draw import Draw
from generator.base.errors import DatasetError
from generator.dataset.subset import Part, chosen, keys_of
from generator.report.grid import grid
from generator.report.grid_page import write_grid
from generator.train.grid import Cell, Grid
from generator.train.result import Result, folder_name, read, read_all
from generator.train.saving import equal_size, growth, savings
from generator.train.score import score
from generator.train.slices import scenes_of

SOURCE = Photographs()
STORED = (
    '{"format":1,"run":"test","arm":"mixed","seed":3,"real_share":0.1,"synthetic_share":1.0,"steps":10,"batch":4,"sizes":{"real":20},"labels":{"real":20}'
    ',"scores":{"real":{"source":"photographs","images":2,"objects":4,"threshold":0.5,"box":{"ap":0.3316831683168317,"ap50":0.3316831683168317,"ap75":0.3316831683168317,"classes":{"a":0.0,"b":0.6633663366336634},"sizes":{"small":0.5049504950495048,"medium":0.4999999999999999,"large":null}}'
    ',"box_counts":{"true_positives":2,"false_positives":1,"missed":2},"mask":null,"mask_counts":null'
    ',"keys":["v_000","v_001"],"scenes":["run0","run0"],"tags":{"dim":[0]}'
    ',"matches":{"bbox":{"pictures":2,"objects":{"a":[1,0],"b":[2,1]},"found":{"a":[[1,0.53125185,0,1023]],"b":[[0,0.5230315,1023,0],[0,0.5117031,1023,0]]}}}'
    ',"confusion":[[0,0,1],[0,2,1],[1,0,0]]}}'
    ',"config":{"model":"faster_rcnn","backbone":"efficientnet_lite0"},"times":{},"versions":{}}'
)  # fmt: skip


# Files


def test_a_result_comes_back_as_it_was_and_its_matches_give_the_score(tmp_path: Path) -> None:
    one = result_of(SOURCE, "mixed", 3, 0.6, real=0.1)
    one.save(tmp_path / one.name / "result.json")
    again = read(tmp_path / "mixed-r0.1-3" / "result.json")
    assert again == one
    judged = again.scores["real"]
    assert judged.matches["bbox"].matches().ap() == judged.box.ap
    assert sum(map(sum, judged.confusion[:-1])) == judged.objects
    assert folder_name("synthetic", 0) == "synthetic-0" and folder_name("synthetic", 1, 1, 0.25) == "synthetic-s0.25-1"


def test_a_result_that_is_stored_already_is_read_and_written_as_it_is(tmp_path: Path) -> None:
    """Field by field, in the order of old."""
    (tmp_path / "result.json").write_text(STORED)
    one = read(tmp_path / "result.json")
    assert one.model_dump_json() == STORED and one.scores["real"].mask is None


@pytest.mark.parametrize(("change", "said"), [
    ({"format": 2}, "format"), ({"arms": "x"}, "arms"), ({"real_share": 0}, "real_share"), ({"seed": None}, "seed"),
    ({"scores": {"moon": {}}}, "scores"),
])  # fmt: skip
def test_a_damaged_result_is_refused_by_name(tmp_path: Path, change: dict[str, object], said: str) -> None:
    data = result_of(SOURCE, "real", 0, 0.5).model_dump(mode="json") | change
    (tmp_path / "x.result.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=rf"x\.result\.json: no result of this program: {said}"):
        read_all([tmp_path])


def test_tables_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    data = result_of(SOURCE, "real", 0, 0.5).model_dump(mode="json")
    data["scores"]["real"]["scenes"].pop()
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match="scenes has 39"):
        read(tmp_path / "result.json")
    data["scores"]["real"]["scenes"].append("x")
    data["scores"]["real"]["matches"]["bbox"]["found"]["a"][0][0] = 40
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match="beyond the 40"):
        read(tmp_path / "result.json")


def test_the_same_detector_twice_is_an_error_only_where_the_results_differ(tmp_path: Path) -> None:
    one = result_of(SOURCE, "real", 0, 0.5)
    for place in ("a", "b"):
        one.save(tmp_path / place / "result.json")
    assert read_all([tmp_path]) == [one]
    one.model_copy(update={"steps": 11}).save(tmp_path / "b" / "result.json")
    with pytest.raises(DatasetError, match=r"test real-0 is in .*a.result\.json too"):
        read_all([tmp_path])


# Many results


def of_values(values: np.ndarray):
    return lambda pictures: float(values[list(pictures)].mean())


def test_the_interval_of_a_mean_is_the_closed_form() -> None:
    """400 independent clusters of one: about ± 1.96 standard errors, by the central limit theorem."""
    values = (Draw(0) / "values").rng().normal(size=400)
    value, low, high = interval(of_values(values), [str(k) for k in range(400)], Draw(1), times=2000)
    error = values.std() / 20
    assert value == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((value - 1.96 * error, value + 1.96 * error), abs=0.15 * error)


def test_neighbouring_frames_widen_the_interval() -> None:
    """40 scenes of 10 equal frames say as much as 40 frames: sqrt(10) times as wide as 400 would be."""
    values = np.repeat((Draw(0) / "values").rng().normal(size=40), 10)
    alone = interval(of_values(values), [str(k) for k in range(400)], Draw(1))
    clustered = interval(of_values(values), [str(k // 10) for k in range(400)], Draw(1))
    assert (clustered[2] - clustered[1]) / (alone[2] - alone[1]) == pytest.approx(10**0.5, rel=0.1)


def test_the_interval_of_one_detector_is_that_of_the_clustered_bootstrap() -> None:
    one = result_of(SOURCE, "real", 0, 0.6)
    mine = Grid.of([one], times=1500).ap(Cell("real"))
    matches = one.scores["real"].matches["bbox"].matches()
    value, low, high = interval(lambda some: matches.ap(pictures=some), one.scores["real"].scenes, Draw(7), times=1500)
    assert mine.value == value == one.scores["real"].box.ap
    assert (mine.low, mine.high) == pytest.approx((low, high), abs=0.012)


def test_pairs_tell_apart_what_single_intervals_do_not() -> None:
    """One detector finds all that the other does and a little more: hard scenes are hard for both."""
    base = found_in(SOURCE, 0.6, Draw(5))
    worse = [one.model_copy(update={"items": one.items[1:] if k % 3 == 0 else one.items}) for k, one in enumerate(base)]
    template = result_of(SOURCE, "real", 0, 0.6)
    both = []
    for arm, found in (("mixed", base), ("real", worse)):
        fresh = score(SOURCE, found, 0.5)
        judged = template.scores["real"].of(SOURCE, fresh, template.scores["real"].scenes, {})
        both.append(template.model_copy(update={"arm": arm, "scores": {"real": judged}}))
    made = Grid.of(both, times=300)
    gain, a, b = made.gain(Cell("mixed"), Cell("real")), made.ap(Cell("mixed")), made.ap(Cell("real"))
    assert gain.value == pytest.approx(a.value - b.value) and gain.sure and gain.low > 0
    assert b.high > a.low
    nothing = made.gain(Cell("real"), Cell("real"))
    assert (nothing.low, nothing.high) == (0, 0) and not nothing.sure


def test_seeds_are_resampled_too_and_one_scene_has_no_interval() -> None:
    seeds = [result_of(SOURCE, "real", seed, recall) for seed, recall in enumerate((0.3, 0.6, 0.9))]
    three, one = Grid.of(seeds, times=300), Grid.of(seeds[1:2], times=300)
    assert three.ap(Cell("real")).value == pytest.approx(np.mean(three.values(Cell("real"))))
    wide, narrow = three.ap(Cell("real")), one.ap(Cell("real"))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    alone = Grid.of([result_of(SOURCE, "real", 0, 0.5, scenes=["s"] * 40)])
    assert np.isnan(alone.ap(Cell("real")).low) and alone.ap(Cell("real")).value > 0


def test_a_difference_of_one_seed_from_two_reaches_either() -> None:
    """Of two seeds that differ far more than test scenes do, the one that the other arm lacks counts as much."""
    both = [result_of(SOURCE, "real", seed, recall) for seed, recall in enumerate((0.3, 0.8))]
    made = Grid.of([result_of(SOURCE, "mixed", 0, 0.9), *both])
    gain, (alone,), (first, second) = (
        made.gain(Cell("mixed"), Cell("real")), made.values(Cell("mixed")), made.values(Cell("real")),
    )  # fmt: skip
    assert gain.value == pytest.approx(alone - (first + second) / 2)
    assert gain.low < alone - second + 0.03 and gain.high > alone - first - 0.03


def test_results_on_other_pictures_are_not_compared() -> None:
    with pytest.raises(DatasetError, match="other pictures"):
        Grid.of([result_of(SOURCE, "real", 0, 0.5), result_of(Photographs(30), "mixed", 0, 0.5)])


# Curves


def test_equal_sizes_are_read_off_the_curve() -> None:
    sizes, curve = [10, 100, 1000], [0.2, 0.4, 0.5]
    assert equal_size(0.3, sizes, curve) == pytest.approx(10**1.5)
    assert equal_size(0.4, sizes, curve) == pytest.approx(100)
    assert equal_size(0.6, sizes, curve) == 1000 and equal_size(0.1, sizes, curve) == 10
    assert equal_size(0.45, sizes, [0.2, 0.4, 0.3]) == 1000  # a curve that falls again is taken to stay
    assert np.isnan(equal_size(float("nan"), sizes, curve))


def curve_results() -> list[Result]:
    """Real labels give 0.3 to 0.8; with synthetic pictures a tenth of the labels does what half does without."""
    real = {0.1: 0.3, 0.5: 0.6, 1.0: 0.8}
    both = {0.1: 0.6, 0.5: 0.8, 1.0: 0.85}
    made = [result_of(SOURCE, arm, seed, recall, real=share) for arm, curve in (("real", real), ("mixed", both))
            for share, recall in curve.items() for seed in range(2)]  # fmt: skip
    law = {n: 0.9 - 6 * n**-0.6 for n in (100, 200, 400, 800)}
    return made + [result_of(SOURCE, "synthetic", seed, recall, synthetic=n / 800, sizes={"synthetic": n})
                   for n, recall in law.items() for seed in range(2)]  # fmt: skip


def test_savings_are_found() -> None:
    rows = {row.pictures: row for row in savings(Grid.of(curve_results(), times=60), "mixed")}
    assert 60 < rows[20].equal.value < 160 and rows[20].bound == ""
    assert rows[20].equal.low <= rows[20].equal.value <= rows[20].equal.high
    assert rows[200].bound == ">" or rows[200].equal.value > 150
    assert rows[20].gain is not None and rows[20].gain.sure
    assert savings(Grid.of(curve_results(), times=5), "real") == []


def test_what_lies_beyond_the_curve_with_its_whole_interval_is_told_as_that() -> None:
    shares = [result_of(SOURCE, "real", 0, recall, share) for share, recall in ((0.1, 0.2), (1.0, 0.3))]
    shares += [result_of(SOURCE, "mixed", 0, 0.95, share) for share in (0.1, 1.0)]
    assert "with more than 200 (95 %: more than 200)" in grid(shares, times=50)


def test_growth_needs_three_sizes_and_says_what_follows() -> None:
    results = curve_results()
    found = growth(Grid.of(results, times=30), "synthetic")
    assert found is not None and found.sizes == (100, 200, 400, 800)
    assert found.errors[0].value > found.errors[-1].value
    assert found.verdict.startswith(("Render more", "Not settled", "Change the generator"))
    assert growth(Grid.of(results, times=5), "real") is None
    flat = [result_of(SOURCE, "synthetic", seed, 0.5, synthetic=n / 8, sizes={"synthetic": 100 * n}, )
            for n in (1, 2, 4, 8) for seed in range(2)]  # fmt: skip
    same = [one.model_copy(update={"scores": flat[k % 2].scores}) for k, one in enumerate(flat)]
    level = growth(Grid.of(same, times=30), "synthetic")
    assert level is not None and level.verdict.startswith("Change the generator")


def test_detectors_that_learned_nothing_lead_to_no_conclusion() -> None:
    found = growth(Grid.of([result_of(SOURCE, "synthetic", 0, 0.0, synthetic=n / 8, sizes={"synthetic": 100 * n})
                            for n in (2, 4, 8)], times=5), "synthetic")  # fmt: skip
    assert found is not None and "nothing follows" in found.verdict
    assert savings(Grid.of([result_of(SOURCE, arm, 0, 0.0, real=share) for arm in ("real", "mixed")
                            for share in (0.5, 1.0)], times=5), "mixed") == []  # fmt: skip


# Subsets


def test_shares_are_nested_exact_and_of_every_scene() -> None:
    scenes = [f"s{k // 7}" for k in range(100)]
    parts = [chosen(scenes, share, Draw(3)) for share in (0.05, 0.1, 0.25, 1.0)]
    assert [len(part) for part in parts] == [5, 10, 25, 100]
    for small, large in pairwise(parts):
        assert set(small) < set(large)
    assert {scenes[k] for k in parts[2]} == set(scenes)
    held = np.bincount([k // 7 for k in parts[2]])
    assert held.min() >= 1 and held.max() <= 3  # a quarter of seven, to within one or two
    assert chosen(scenes, 0.25, Draw(3)) == parts[2] and chosen(scenes, 0.25, Draw(4)) != parts[2]
    assert chosen(scenes, 1e-9, Draw(3)) == parts[0][:1] or len(chosen(scenes, 1e-9, Draw(3))) == 1


def test_every_picture_is_as_likely_in_a_share() -> None:
    """Long scenes and short ones: how often each is chosen, over many seeds, is binomial."""
    scenes = ["long"] * 30 + ["short"] * 5 + [f"alone{k}" for k in range(5)]
    times = sum(np.isin(np.arange(40), chosen(scenes, 0.25, Draw(seed))).astype(int) for seed in range(600))
    assert (np.abs(times - 150) < 4.5 * math.sqrt(600 * 0.25 * 0.75)).all()


def test_a_part_is_its_source_elsewhere() -> None:
    part = Part(SOURCE, [3, 8])
    assert len(part) == 2 and part[1] is SOURCE[8] and part.classes == SOURCE.classes
    assert keys_of(part) == ["v_003", "v_008"]


def test_scenes_are_blocks_of_one_video() -> None:
    keys = [f"a/clip{video}_{k}.jpg" for video in (1, 2) for k in (0, 1, 2, 10, 11)]
    named = scenes_of(keys, r"(clip\d+)_", block=3)
    assert named[0] == named[1] == named[2] != named[3] == named[4]  # 10 comes after 2, not after 1
    assert len(set(named)) == 4
    hashed = [f"mp4-{k}_jpg.rf.{k:032x}.jpg" for k in range(60)]
    assert len(set(scenes_of(hashed))) == 3  # an exporter's hash does not make each picture a video


# The page


def test_the_section_shows_every_cell_and_loads_nothing(tmp_path: Path) -> None:
    results = curve_results()
    text = str(grid(results, times=20))
    made = Grid.of(results, times=20)
    for cell in made.cells:
        assert f"{made.ap(cell).value:.3f}" in text
    for words in ("How many labels the synthetic pictures save", "Would more synthetic pictures help?", "mixed − real"):
        assert words in text
    write_grid(tmp_path / "page.html", results[:4])
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "") and "real" in page
    assert grid([]) == ""
    with pytest.raises(DatasetError, match="train first"):
        write_grid(tmp_path / "none" / "page.html", [])


def test_intervals_of_one_seed_are_told_to_say_nothing_about_seeds() -> None:
    several = [result_of(Photographs(), arm, seed, 0.5) for arm in ("real", "mixed") for seed in range(2)]
    said = [grid(some, times=20) for some in (several, several[:3], several[::2])]
    assert "one seed alone" not in said[0] and "seed alone of mixed." in said[1] and "alone of every arm." in said[2]


def test_where_there_is_nothing_to_find_no_number_is_shown(tmp_path: Path) -> None:
    bare = Photographs(20)
    nothing = {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, int), "ignore": np.zeros(0, bool)}
    bare.examples = [replace(one, **nothing) for one in bare.examples]
    shares = [result_of(bare, arm, 0, 0.5, share) for arm in ("real", "mixed") for share in (0.1, 1.0)]
    write_grid(tmp_path / "page.html", shares)
    page = (tmp_path / "page.html").read_text()
    assert "nothing to find in the 20 real test photographs" in page and "nan" not in page
