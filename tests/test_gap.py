"""The domain gap against closed forms: what a classifier can tell, how crops are made, where a spectrum lies."""

from dataclasses import replace

import numpy as np
import pytest
from results_of import Photographs
from scipy.stats import norm

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset.examples import Example
from generator.report.gap import conclusion, gap_section, write_gap
from generator.train.crops import Crop, background, matched, objects, shrunk
from generator.train.gap import Fact, Gap, Range, View, gap
from generator.train.spectrum import BANDS, EDGES, spectrum
from generator.train.telling import area, areas, told


def test_the_area_is_the_share_of_ordered_pairs() -> None:
    rng = (Draw(0) / "area").rng()
    a, b = rng.integers(0, 5, 30).astype(float), rng.integers(1, 6, 20).astype(float)
    pairs = np.mean([[(x > y) + 0.5 * (x == y) for x in b] for y in a])
    assert area(b, a) == pytest.approx(pairs)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_normal_clouds_are_told_apart_as_well_as_theory_says(shift: float) -> None:
    """The best area for two normal clouds `shift` apart is Phi(shift / sqrt 2); other directions are noise."""
    rng = (Draw(1) / "clouds").rng()
    a, b = rng.normal(size=(400, 6)), rng.normal(size=(400, 6))
    b[:, 2] += shift
    scenes = [f"{k}" for k in range(400)], [f"{k}" for k in range(400)]
    scores = told(a, b, scenes, Draw(0))
    assert area(scores[1], scores[0]) == pytest.approx(norm.cdf(shift / 2**0.5), abs=0.04)
    drawn = areas(scores, scenes, Draw(0), 200)
    assert np.quantile(drawn, 0.005) < norm.cdf(shift / 2**0.5) < np.quantile(drawn, 0.995)


def test_a_scene_is_never_learned_and_judged() -> None:
    """Rows tell their scene and nothing else: whoever learns scenes by heart would tell the sets apart."""
    rng = (Draw(2) / "scenes").rng()
    marks = rng.normal(size=(20, 30))
    a, b = np.repeat(marks[:10], 20, 0), np.repeat(marks[10:], 20, 0)
    scenes = [f"a{k // 20}" for k in range(200)], [f"b{k // 20}" for k in range(200)]
    scores = told(a, b, scenes, Draw(0))
    alone = [str(k) for k in range(200)]
    by_heart = told(a, b, (alone, alone), Draw(0))
    assert area(by_heart[1], by_heart[0]) > 0.99
    assert area(scores[1], scores[0]) < 0.8


def test_crops_are_matched_by_class_and_size() -> None:
    def crop(label: int, size: float) -> Crop:
        return Crop(np.zeros((64, 64, 3), np.uint8), "s", label, np.log(size))

    wanted = [crop(1, 20), crop(1, 100), crop(2, 50)]
    pool = [crop(2, 21), crop(1, 90), crop(1, 300), crop(1, 22), crop(2, 60)]
    assert matched(wanted, pool) == [3, 1, 4]
    assert matched(wanted, [crop(3, 20)]) == [] == matched([], pool)


def example() -> Example:
    image = np.zeros((200, 300, 3), np.uint8)
    image[60:100, 100:140] = 255
    boxes = np.array([[100, 60, 140, 100], [0, 0, 50, 50], [200, 50, 206, 56], [220, 100, 260, 140]], np.float32)
    return Example(image, boxes, np.array([1, 1, 1, 2]), None, np.array([0, 0, 0, 1], bool), "x")


def test_crops_of_objects_are_squares_around_whole_ones() -> None:
    picture, boxes = shrunk(example(), 100)
    assert picture.shape == (100, 150, 3) and boxes[0].tolist() == [50, 30, 70, 50]
    (one,) = objects(example(), picture, boxes, "s")  # at the border, tiny, ignored: not shown
    assert one.label == 1 and one.size == pytest.approx(np.log(20))
    assert one.pixels.shape == (64, 64, 3) and one.pixels[32, 32].min() > 240
    inside = (one.pixels > 128).all(2).mean()
    assert inside == pytest.approx(1 / 1.1**2, abs=0.04)


def test_backgrounds_touch_no_label() -> None:
    picture, boxes = shrunk(example(), 200)
    found = [background(picture, boxes, "s", Draw(k)) for k in range(40)]
    assert sum(one is not None for one in found) > 30
    assert all(one.pixels.max() < 60 for one in found if one is not None)
    full = np.array([[0, 0, 300, 200]], np.float32)
    assert background(picture, full, "s", Draw(0)) is None


@pytest.mark.parametrize("frequency", [0.05, 0.125, 0.3])
def test_a_wave_has_its_power_in_its_band(frequency: float) -> None:
    x = np.arange(256)
    wave = np.rint(128 + 100 * np.sin(2 * np.pi * frequency * x))[None, :, None]
    picture = np.broadcast_to(wave, (256, 256, 3)).astype(np.uint8)
    found = spectrum(picture)
    assert found.shape == (BANDS,)
    assert EDGES[found.argmax()] <= frequency * 1.02 and frequency * 0.98 <= EDGES[found.argmax() + 1]


def plain(pictures: list[np.ndarray]) -> np.ndarray:
    """Mean colours stand in for a network."""
    return np.array([one.reshape(-1, 3).mean(0) for one in pictures])


class Tinted(Photographs):
    """Noise; every picture brighter by `light`."""

    def __init__(self, light: int, first: int = 0) -> None:
        super().__init__(60)
        rng = (Draw(first) / "noise").rng()
        self.examples = [
            replace(one, image=np.clip(rng.normal(90 + light, 25, one.image.shape), 0, 255).astype(np.uint8))
            for one in self.examples
        ]


def test_the_gap_is_what_lies_beyond_the_differences_within_the_real_set() -> None:
    scenes = [f"s{k // 3}" for k in range(60)]
    same = gap(Tinted(0), Tinted(0, 1), scenes, plain)
    assert set(same.views) == {"objects", "backgrounds", "labels", "light", "spectrum"}
    assert not any(view.differs for view in same.views.values())
    other = gap(Tinted(0), Tinted(30, 1), scenes, plain)
    for name in ("objects", "backgrounds", "light"):
        assert other.views[name].differs and other.views[name].synthetic.value > 0.95
    assert not other.views["labels"].differs
    facts = {fact.name: fact for fact in other.facts}
    assert facts["brightness"].distance > 0.9 > 0.5 > facts["brightness"].baseline
    assert facts["brightness"].synthetic - facts["brightness"].real == pytest.approx(30 / 255, abs=0.01)
    assert facts["count of a"].distance == 0
    assert gap(Tinted(0), Tinted(30, 1), scenes, plain) == other
    assert Gap.model_validate_json(other.model_dump_json()) == other
    with pytest.raises(TrainError, match="60 pictures of 2 scenes"):
        gap(Tinted(0), Tinted(0), [f"s{k // 30}" for k in range(60)], plain)


def test_the_page_says_what_follows(tmp_path) -> None:  # type: ignore[no-untyped-def]
    far, near = Range(value=0.9, low=0.8, high=0.95), Range(value=0.5, low=0.4, high=0.6)
    facts = (Fact(name="brightness", real=0.4, synthetic=0.7, distance=0.8, baseline=0.1),)
    views = {"objects": View(synthetic=far, real=near, count=30), "light": View(synthetic=near, real=near, count=30)}
    spectra = {name: tuple(float(-k) for k in range(BANDS)) for name in ("real", "synthetic")}
    found = Gap(real="r", synthetic="s", pictures=(60, 60), views=views, facts=facts, spectra=spectra)
    said = " ".join(conclusion(found))
    assert "from each other: objects." in said and "from each other: light." in said and "brightness" in said
    assert "0.900 [0.800, 0.950]" in str(gap_section(found))
    write_gap(tmp_path / "gap.html", found)
    assert "<script" not in (tmp_path / "gap.html").read_text()
