"""The sensor against centroids, moments and spectra worked out by hand."""

import numpy as np
import pytest

from generator.base.draw import Draw
from generator.base.scene import SensorSample
from generator.render.tone import develop, metered
from generator.sensor.camera import expose, falloff, streak

DRAW = Draw(0, 7) / "sensor"


def linear(rgb: np.ndarray) -> np.ndarray:
    value = rgb.astype(float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def grey(level: int, size: tuple[int, int] = (200, 300)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def dot() -> np.ndarray:
    """A white 3 x 3 square, its centre at pixel (32, 40)."""
    picture = np.zeros((65, 81, 3), np.uint8)
    picture[31:34, 39:42] = 255
    return picture


def moments(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centroid (x, y) and covariance of the light."""
    weight = linear(picture)[..., 0]
    v, u = np.mgrid[: weight.shape[0], : weight.shape[1]]
    points = np.stack([u.ravel(), v.ravel()], 1).astype(float)
    centre = np.average(points, axis=0, weights=weight.ravel())
    return centre, np.cov(points.T, aweights=weight.ravel(), bias=True)


def test_a_perfect_sensor_changes_nothing() -> None:
    picture = np.arange(256 * 3, dtype=np.int64).reshape(16, 16, 3).astype(np.uint8)
    assert expose(picture, SensorSample(), DRAW) is picture


def test_the_way_to_linear_light_and_back_is_exact() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    assert (expose(ramp, SensorSample(vignette=1e-9), DRAW) == ramp).all()


@pytest.mark.parametrize(
    "sensor",
    [SensorSample(sharpen=0.8), SensorSample(chromatic=3), SensorSample(blur=1.5), SensorSample(motion=7, motion_angle=0.6), SensorSample(motion=4), SensorSample(motion=0.5),
     SensorSample(blur=0.8, motion=5.3, motion_angle=-1.2), SensorSample(vignette=0.5)],
    ids=str,
)  # fmt: skip
def test_a_dot_stays_where_it_is(sensor: SensorSample) -> None:
    centre, _ = moments(expose(dot(), sensor, DRAW))
    assert centre == pytest.approx([40, 32], abs=0.02)


@pytest.mark.parametrize("rescale", [0.9, 0.5, 1 / 3, 0.2])
def test_a_coarser_chip_moves_a_dot_by_little_of_its_own_pixels(rescale: float) -> None:
    centre, _ = moments(expose(dot(), SensorSample(rescale=rescale), DRAW))
    assert centre == pytest.approx([40, 32], abs=0.15 / rescale)


def test_blur_has_the_variance_it_says() -> None:
    _, before = moments(dot())
    _, after = moments(expose(dot(), SensorSample(blur=2.0), DRAW))
    assert np.diag(after - before) == pytest.approx([4, 4], rel=0.05)


@pytest.mark.parametrize("angle", [0.0, 0.6, np.pi / 2, -1.2])
def test_streak_has_the_direction_and_variance_of_a_line(angle: float) -> None:
    kernel = streak(12.0, angle)
    assert kernel.sum() == pytest.approx(1) and kernel == pytest.approx(kernel[::-1, ::-1])
    v, u = np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2
    along, across = u * np.cos(angle) + v * np.sin(angle), -u * np.sin(angle) + v * np.cos(angle)
    assert (kernel * along**2).sum() == pytest.approx(12**2 / 12, abs=0.3)  # a uniform line's; splatting adds up to 1/4
    assert (kernel * across**2).sum() < 0.3


def test_motion_lies_along_its_angle_in_the_picture() -> None:
    right = expose(dot(), SensorSample(motion=15), DRAW)
    down = expose(dot(), SensorSample(motion=15, motion_angle=np.pi / 2), DRAW)
    assert right[32, 45, 0] > 50 and right[37, 40, 0] == 0
    assert down[37, 40, 0] > 50 and down[32, 45, 0] == 0


def test_noise_has_the_spread_it_says_and_no_bias() -> None:
    clean, noisy = grey(150), expose(grey(150), SensorSample(noise=0.02), DRAW)
    error = linear(noisy) - linear(clean)
    assert error.std() == pytest.approx(0.02, rel=0.03) and abs(error.mean()) < 0.0005


def test_shot_noise_grows_with_the_root_of_light() -> None:
    spread = {}
    for level in (80, 190):
        spread[level] = linear(expose(grey(level), SensorSample(shot=0.03), DRAW)).std()
        assert spread[level] == pytest.approx(0.03 * np.sqrt(linear(grey(level, (1, 1)))[0, 0, 0]), rel=0.04)


def test_noise_is_named_by_its_draw() -> None:
    one, again, other = (expose(grey(90), SensorSample(noise=0.02), d) for d in (DRAW, DRAW, Draw(0, 8) / "sensor"))
    assert (one == again).all() and (one != other).mean() > 0.5
    assert abs(np.corrcoef(one[..., 0].ravel(), one[..., 1].ravel())[0, 1]) < 0.02


def test_vignette_darkens_corners_and_spares_the_middle() -> None:
    fall = falloff(101, 201, 0.6)
    assert fall[50, 100] == pytest.approx(1) and fall[0, 0] == pytest.approx(0.4, abs=0.01)
    assert fall == pytest.approx(fall[::-1, ::-1])
    assert fall[50, 0] == pytest.approx(1 - 0.6 * 201**2 / (201**2 + 101**2), abs=0.01)


def test_tint_is_white_balance_in_linear_light() -> None:
    shown = linear(expose(grey(128), SensorSample(tint=(1.2, 1.0, 0.5)), DRAW)).mean((0, 1))
    assert shown / linear(grey(128, (1, 1)))[0, 0] == pytest.approx([1.2, 1, 0.5], rel=0.01)


@pytest.mark.parametrize(
    ("sensor", "level", "expected"),
    [
        (SensorSample(gamma=2.0), 64, 32),  # half of half of mid-grey
        (SensorSample(contrast=0.5), 255, 191),
        (SensorSample(contrast=2.0), 64, 1),
        (SensorSample(brightness=0.1), 100, 126),  # 100 + 25.5, rounded
        (SensorSample(brightness=-1.0), 100, 0),
    ],
    ids=str,
)
def test_tone(sensor: SensorSample, level: int, expected: int) -> None:
    assert abs(int(expose(grey(level), sensor, DRAW)[0, 0, 0]) - expected) <= 1


@pytest.mark.parametrize("sensor", [SensorSample(gamma=0.6), SensorSample(contrast=1.7)], ids=str)
def test_mid_grey_stays(sensor: SensorSample) -> None:
    assert abs(int(expose(grey(128), sensor, DRAW)[0, 0, 0]) - 128) <= 1


def test_monochrome_weighs_as_the_eye_does() -> None:
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    shown = expose(colors, SensorSample(monochrome=True), DRAW)
    assert (np.ptp(shown, axis=-1) == 0).all()
    assert linear(shown)[0, :, 0] == pytest.approx([0.2126, 0.7152, 0.0722], abs=0.004)


def test_jpeg_loses_more_at_lower_quality() -> None:
    picture = np.random.Generator(np.random.Philox(1)).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    loss = [np.abs(expose(picture, SensorSample(jpeg=q), DRAW).astype(int) - picture).mean() for q in (95, 60, 20)]
    assert 0 < loss[0] < loss[1] < loss[2]
    assert np.abs(expose(grey(90), SensorSample(jpeg=50), DRAW).astype(int) - 90).max() <= 1


def test_metering_brings_the_log_average_to_middle_grey() -> None:
    light = (Draw(0) / "light").rng().lognormal(-3, 1.5, (60, 80, 1)).astype(np.float32).repeat(3, 2)
    stops = metered(light)
    assert np.exp(np.log(light[..., 0].astype(float) * 2**stops).mean()) == pytest.approx(0.18, rel=0.02)
    assert metered(light * 8) == pytest.approx(stops - 3, abs=0.01)
    one, other = (develop(light * gain, metering=1.0).astype(int) for gain in (1, 8))
    assert abs(one - other).max() <= 2, "equal but for the meter's own floor of 1e-4"
    assert develop(light * 8).mean() > develop(light * 8, metering=0.5).mean() > develop(light).mean()


def spot(x: float, y: float, size: tuple[int, int] = (121, 161)) -> np.ndarray:
    """A soft white spot of sigma 1.5 about (x, y), pixel centres on whole numbers."""
    v, u = np.mgrid[: size[0], : size[1]]
    light = np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * 1.5**2))
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.repeat((value * 255 + 0.5).astype(np.uint8)[..., None], 3, -1)


@pytest.mark.parametrize("pixels", [1.5, -2.0])
def test_red_and_blue_part_in_proportion_to_the_distance_from_the_centre(pixels: float) -> None:
    picture = linear(expose(spot(140, 105), SensorSample(chromatic=pixels), DRAW))
    away = np.array([140 - 80, 105 - 60])
    v, u = np.mgrid[:121, :161]
    for channel, sign in ((0, 1), (1, 0), (2, -1)):
        weight = picture[..., channel]
        found = np.array([(u * weight).sum(), (v * weight).sum()]) / weight.sum() - (80, 60)
        assert found == pytest.approx(away * (1 + sign * pixels / (np.hypot(161, 121) / 2)), abs=0.06)


def test_sharpening_overshoots_on_both_sides_of_an_edge_and_leaves_flats_alone() -> None:
    edge = np.full((32, 64, 3), 80, np.uint8)
    edge[:, 32:] = 160
    taken = expose(edge, SensorSample(sharpen=1.0), DRAW).astype(int)
    assert (taken[:, :24] == 80).all() and (taken[:, 40:] == 160).all()
    assert taken[16, 31, 0] < 70 and taken[16, 32, 0] > 170


def test_a_coarser_chip_takes_means_of_its_larger_pixels() -> None:
    fine = np.zeros((60, 90, 3), np.uint8)
    fine[:, ::2] = 255  # stripes of one pixel: gone at half the resolution, grey of half the light
    taken = linear(expose(fine, SensorSample(rescale=0.5), DRAW))
    assert taken == pytest.approx(0.5, abs=0.01)


def test_noise_of_a_coarser_chip_is_coarser() -> None:
    def neighbours(rescale: float) -> float:
        noise = expose(grey(128), SensorSample(noise=0.05, rescale=rescale), DRAW)[..., 0].astype(float)
        noise -= noise.mean()
        return float((noise[:, 1:] * noise[:, :-1]).mean() / (noise**2).mean())

    assert abs(neighbours(1.0)) < 0.02 and neighbours(0.5) > 0.5
