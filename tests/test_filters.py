"""Objects as filters before a light, by hand: what is seen through one another."""

from typing import Literal

import numpy as np
import pytest

from generator.base.color import encode
from generator.base.geometry import look_at
from generator.base.scene import CameraSample, Material, ObjectSample, RenderSample, SceneSample, WorldSample
from generator.render.paste import CollagePainter
from generator.truth.labels import label
from tests.meshing import Meshes, made, sheet

STORE = Meshes({"square": sheet(np.full((4, 4), 255, np.uint8))})
LOWER, UPPER, GROUND = (0.5, 0.2, 0.9), (0.3, 0.8, 0.6), (0.6, 0.7, 0.4)  # linear light


def square(name: str, color: tuple[float, float, float], x: float, z: float) -> ObjectSample:
    """One metre wide, of one colour."""
    return made("square", name, position=(x, 0.0, z)).model_copy(update={"material": Material(color=color)})


def scene(blending: Literal["none", "multiply", "darken"], *, swapped: bool = False) -> SceneSample:
    """Two squares that overlap by half, from far above; swapped, the other one is on top."""
    pose = look_at(np.array([0.0, 0.0, 100.0]), np.zeros(3))
    axes = tuple(tuple(float(v) for v in pose[:3, i]) for i in range(3))
    low, high = (0.01, 0.0) if swapped else (0.0, 0.01)
    ones = (square("one", LOWER, -0.25, low), square("other", UPPER, 0.25, high))
    camera = CameraSample(position=(0, 0, 100), axes=axes, focal_pixels=2000.0)  # type: ignore[arg-type]
    return SceneSample(
        scene="s", seed=0, index=0, width=40, height=30, classes=("one", "other"), objects=ones, lights=(),
        world=WorldSample(color=GROUND), camera=camera, render=RenderSample(blending=blending),
    )  # fmt: skip


def seen(values: np.ndarray) -> np.ndarray:
    return 255 * encode(np.asarray(values, float))


def regions(one: SceneSample) -> dict[str, np.ndarray]:
    """Where both, only the first, only the second and none of the squares are, from the amodal labels."""
    frame = label(one, STORE)
    a, b = frame.amodal_mask(1), frame.amodal_mask(2)
    assert (a & b).any() and (a & ~b).any() and (~a & b).any() and (~a & ~b).any()
    return {"both": a & b, "first": a & ~b, "second": b & ~a, "none": ~a & ~b}


@pytest.mark.parametrize("swapped", [False, True])
def test_filters_multiply_whichever_lies_on_top(swapped: bool) -> None:
    one = scene("multiply", swapped=swapped)
    rgb, ground = CollagePainter(STORE).paint(one).rgb, seen(np.array(GROUND))
    first, second = seen(np.array(LOWER)) / 255, seen(np.array(UPPER)) / 255
    expected = {"both": ground * first * second, "first": ground * first, "second": ground * second, "none": ground}
    for name, where in regions(one).items():
        assert np.abs(rgb[where] - expected[name]).max() <= 0.51


def test_products_of_srgb_values_are_nearly_those_of_light() -> None:
    """sRGB is nearly a power law: a product of two filters is off by a few of 255 grey levels."""
    first, second = np.random.default_rng(0).uniform(0.05, 1, (2, 2000))
    assert np.abs(seen(first) * seen(second) / 255 - seen(first * second)).max() < 10


@pytest.mark.parametrize("swapped", [False, True])
def test_the_darkest_filter_counts_alone(swapped: bool) -> None:
    one = scene("darken", swapped=swapped)
    rgb, ground = CollagePainter(STORE).paint(one).rgb, seen(np.array(GROUND))
    first, second = seen(np.array(LOWER)) / 255, seen(np.array(UPPER)) / 255
    both = regions(one)["both"]
    assert np.abs(rgb[both] - ground * np.minimum(first, second)).max() <= 0.51


def test_without_a_filter_the_upper_hides_the_lower() -> None:
    one = scene("none")
    rgb = CollagePainter(STORE).paint(one).rgb
    assert np.abs(rgb[regions(one)["both"]] - seen(np.array(UPPER))).max() <= 0.51
