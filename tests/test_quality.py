"""The choice of render settings: against a painter whose error and cost are known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing

from generator.base.errors import DatasetError, RenderError
from generator.base.scene import RenderSample, SceneSample
from generator.farm import calibrating
from generator.farm.calibrating import CALIBRATION, calibrated
from generator.farm.job import Job, canonical
from generator.render.painter import Painted
from generator.render.quality import FAR, Calibration, Rung, Trials, calibrate, decibels, reference, small
from generator.spec.config import Farm
from generator.spec.optics import CHOSEN, RenderSpec
from generator.spec.scene import SceneSpec

LADDER = ((Rung(samples=1), Rung(samples=4), Rung(samples=16, denoise=False)), (Rung(samples=64),))


@dataclass
class Known:
    """A grey picture that is off by 64 / samples levels, and by `border` as much at the border of its one object. A
    sample costs a second."""

    border: float = 1.0
    now: float = 0.0
    painted: int = 0

    def paint(self, sample: SceneSample) -> Painted:
        self.painted += 1
        index = np.zeros((sample.height, sample.width), np.uint16)
        index[10:20, 10:20] = 1
        exact = sample.index >= FAR
        error = 0.0 if exact else 64 / sample.render.samples
        self.now += 0.0 if exact else sample.render.samples
        rgb = np.full((*index.shape, 3), 100.0)
        rgb += error
        rgb[8:22, 8:22] += error * (self.border - 1)
        rgb[12:18, 12:18] -= error * (self.border - 1)
        return Painted(rgb.round().astype(np.uint8), index)


def trials(painter: Known, count: int = 2) -> Trials:
    return Trials(painter, [scene(index=k) for k in range(count)], lambda: painter.now)


def test_psnr_at_known_errors() -> None:
    assert decibels(1.0) == pytest.approx(48.1308, abs=1e-3)  # 20 log10 255
    assert decibels(255.0**2) == 0


def test_the_cheapest_that_reaches_the_target_is_chosen() -> None:
    made = calibrate(trials(Known()), 24.0, ladder=LADDER)  # off by 16 levels: 24.05 dB
    assert made.chosen == Rung(samples=4)
    assert [one.seconds for one in made.measured] == [1, 4, 16]  # the second group was not needed
    assert made.measured[1].psnr == pytest.approx(20 * np.log10(255 / 16), abs=1e-6)
    assert made.scenes == (0, 1)
    assert Calibration.model_validate_json(made.model_dump_json()) == made


def test_a_higher_target_climbs_the_ladder() -> None:
    assert calibrate(trials(Known()), 40.0, ladder=LADDER).chosen == Rung(samples=64)


def test_borders_count_on_their_own() -> None:
    made = calibrate(trials(Known(border=2)), 24.0, 24.0, ladder=LADDER)
    assert made.chosen == Rung(samples=16, denoise=False)
    assert made.measured[1].border_psnr == pytest.approx(20 * np.log10(255 / 32), abs=1e-6)  # within 2 pixels only


def test_what_cannot_be_reached_says_how_near_it_comes() -> None:
    with pytest.raises(RenderError, match=r"no setting reaches 60 dB.*64 samples, reaches 48\.1 dB"):
        calibrate(trials(Known()), 60.0, ladder=LADDER)


def test_a_small_picture_shows_the_same() -> None:
    one = scene(size=(1280, 960), focal=1000)
    less = small(one)
    assert (less.width, less.height) == (320, 240)
    corners = np.array([[0.3, 0.2, 2.0], [-0.4, 0.1, 3.0]])
    whole, part = (s.camera.at(s.width, s.height).pixels(corners) for s in (one, less))
    assert part == pytest.approx(whole / 4)
    assert small(less) == less


def test_the_reference_is_far_below_the_target() -> None:
    assert reference(30).adaptive > reference(33).adaptive > reference(40).adaptive > 0


# -- in a spec and in a run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"samples": 4}, "quality chooses samples by itself"),
        ({"denoise": 0, "prefilter": "none"}, "quality chooses denoise, prefilter by itself"),
        ({"engine": {"pick": ["cycles", "eevee"]}}, "set samples for eevee"),
        ({"filter": "low"}, "unknown filter 'low'"),
    ],
)
def test_contradictions_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RenderSpec.model_validate({"quality": {"psnr": 30}, **given})


def a_job(folder: Path, painter: str = "blender", **render: Any) -> Job:
    things = {"things": {"asset": {"shape": "box"}, "label": "box", "place": {"at": [0, 0, 0]}}}
    spec = SceneSpec.model_validate(
        {"scene": "s", "classes": ["box"], "objects": things, "camera": {"position": [0, -2, 1]}, "render": render}
    )
    return Job(canonical(spec), (), folder, 0, (32, 24), (), 0.002, "cpu", painter)


def chosen() -> Calibration:
    return calibrate(trials(Known()), 24.0, ladder=LADDER)


def silent(*_: Any) -> None:
    pass


def test_the_choice_is_measured_once_and_read_ever_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, measured = a_job(tmp_path, quality={"psnr": 24}), []
    monkeypatch.setattr(calibrating, "_measured", lambda *_: measured.append(1) or chosen())
    first = calibrated(job, Farm(), silent)
    again = calibrated(job, Farm(workers=7), silent)
    assert measured == [1] and first == again
    assert first.manifest().spec != job.manifest().spec  # the folder belongs to what was asked, not to the answer
    render = first.sampler()(0, 5).render
    assert render.model_dump(include=set(CHOSEN)) == Rung(samples=4).model_dump()
    others = (one.sampler()(0, 5).model_dump(exclude={"render", "facts"}) for one in (job, first))
    assert len({repr(one) for one in others}) == 1  # nothing else of the scene has changed


def test_without_quality_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrating, "_measured", lambda *_: pytest.fail("measured"))
    for job in (a_job(tmp_path, samples=4), a_job(tmp_path, "raycast", quality={"psnr": 24})):
        assert calibrated(job, Farm(), silent) is job
    assert not list(tmp_path.iterdir())


def test_a_damaged_choice_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / CALIBRATION).write_text("{")
    with pytest.raises(DatasetError, match=r"calibration\.json"):
        calibrated(a_job(tmp_path, quality={"psnr": 24}), Farm(), silent)


@pytest.mark.blender
@pytest.mark.slow
def test_cycles_reaches_what_was_asked(blender: Any) -> None:
    """The chosen settings, against many samples without denoiser or adaptive sampling."""
    size = {"size": (64, 48), "focal": 60.0, "render": RenderSample(bounces=1)}
    floor = thing("plane", backdrop=True, x=3, y=3)
    samples = [scene(floor, thing("sphere", (0.1 * k, 0, 0.5)), index=k, **size) for k in range(2)]
    made = calibrate(Trials(blender, samples), 28.0)
    errors = []
    for one in samples:
        true = one.model_copy(
            update={"render": RenderSample(samples=1024, denoise=False, bounces=1), "index": one.index + 7}
        )
        shown = one.model_copy(update={"render": made.chosen.of(one.render)})
        errors.append(np.mean((blender.paint(true).rgb.astype(float) - blender.paint(shown).rgb) ** 2))
    assert decibels(float(np.mean(errors))) > 27.5
