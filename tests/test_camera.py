"""Cameras drawn from a spec, and the plates that their lenses need."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cameras import BARREL, FISHEYE, PINCUSHION, shot, view
from conftest import scene, thing
from test_spec import SCENE

from generator.assets.store import AssetStore
from generator.base.errors import GeneratorError, RenderError
from generator.base.geometry import Camera
from generator.base.lens import PINHOLE, Lens
from generator.render.plate import FINER, FINEST, plate_of, through
from generator.render.raycast import RaycastPainter
from generator.sampling.sampler import Sampler
from generator.spec.facts import scene_facts
from generator.spec.load import load_scene

Write = Callable[[str, str], Path]


@pytest.fixture
def sampler(write: Write, store: AssetStore) -> Callable[..., Sampler]:
    """A scene with one empty-handed camera: `camera` is YAML in braces."""

    def make(camera: str) -> Sampler:
        text = "scene: cameras\nclasses: [ball]\nobjects:\n  balls:\n    asset: {shape: sphere, radius: 0.1}\n    label: ball\n"
        text += "    place: {at: [{uniform: [-1, 1]}, 0, 0.2]}\nlights:\n  lamps: {count: {integers: [1, 4]}, position: [0, 0, 3]}\n"
        return Sampler(load_scene(write("scene.yaml", text + f"camera: {camera}\n")), store, (200, 100))

    return make


def seen(camera: Camera, *point: float) -> np.ndarray:
    return camera.project(np.array([point], float))[0][0]


def test_pan_is_to_the_right_tilt_up_and_roll_clockwise(sampler: Callable[..., Sampler]) -> None:
    """What the camera looked at moves to the other side. 50 mm on 36 mm are 277.8 pixels here; north is up."""
    place = "position: [0, 0, 2], aim: [0, 3, 2]"
    focal = 50 / 36 * 200
    ahead = 0, 3, 2
    pan, tilt, roll = (view(sampler(f"{{{place}, {turned}: 10}}")(0, 0)) for turned in ("pan", "tilt", "roll"))
    assert seen(pan, *ahead) == pytest.approx([100 - focal * math.tan(math.radians(10)), 50])
    assert seen(tilt, *ahead) == pytest.approx([100, 50 + focal * math.tan(math.radians(10))])
    assert seen(roll, *ahead) == pytest.approx([100, 50])
    above = seen(roll, 0, 3, 2.3) - [100, 50]
    assert above == pytest.approx(focal * 0.1 * np.array([-math.sin(math.radians(10)), -math.cos(math.radians(10))]))


def test_pan_comes_before_tilt_and_tilt_before_roll(sampler: Callable[..., Sampler]) -> None:
    """Panned by 90 degrees and tilted by 30, a camera that looked north looks east and up; roll leaves that as it is."""
    one = sampler("{position: [0, 0, 1], aim: [0, 1, 1], pan: 90, tilt: 30, roll: 20}")(0, 0)
    right, down, forward = (np.array(axis) for axis in one.camera.axes)
    assert forward == pytest.approx([math.cos(math.radians(30)), 0, 0.5])
    assert np.cross(right, down) == pytest.approx(forward) and right @ down == pytest.approx(0)


def test_intrinsics_of_a_spec(sampler: Callable[..., Sampler]) -> None:
    one = sampler("{position: [0, 0, 2], focal_length: 18, pixel_aspect: 1.25, shift: [0.1, -0.2]}")(0, 0)
    camera = view(one)
    assert (camera.fx, camera.fy) == pytest.approx((100, 125)) and (camera.cx, camera.cy) == pytest.approx((120, 30))
    assert one.facts["camera.pixel_aspect"] == 1.25 and one.facts["camera.shift.y"] == -0.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("equidistant", Lens(kind="equidistant")),
        ("{brown: [-0.2, 0.1]}", Lens(kind="brown", k=(-0.2, 0.1, 0.0))),
        ("{brown: [-0.2, 0.1, 0.01, 0.02, 0.3]}", Lens(kind="brown", k=(-0.2, 0.1, 0.3), p=(0.01, 0.02))),
        ("{kannala_brandt: [0.1, 0.2, 0.3, 0.4]}", Lens(kind="kannala_brandt", k=(0.1, 0.2, 0.3, 0.4))),
    ],
)
def test_lenses_of_a_spec_have_opencvs_order(sampler: Callable[..., Sampler], text: str, expected: Lens) -> None:
    assert sampler(f"{{position: [0, 0, 2], lens: {text}}}")(0, 0).camera.lens == expected


def test_aperture_and_focus(sampler: Callable[..., Sampler]) -> None:
    """50 mm at f/2.5 open by a radius of 1 cm; sharp at the aim's planar depth, or where it is said."""
    place = "position: [0, -2, 0], aim: [0, 0, 0], focal_length: 50"
    shots = [sampler(f"{{{place}, {more}}}")(0, 0).camera for more in
             ("aperture: 2.5", "aperture: 2.5, focus: 0.7", "aperture: 2.5, pan: 60", "aperture: 0", "pan: 120, aperture: 2")]  # fmt: skip
    assert [s.aperture for s in shots] == pytest.approx([0.01, 0.01, 0.01, 0, 0.0125])
    assert [s.focus for s in shots] == pytest.approx([2, 0.7, 1, 2, 2])


def test_the_preset_of_tremblay(sampler: Callable[..., Sampler]) -> None:
    make = sampler("{preset: tremblay}")
    shots = [make(0, k) for k in range(300)]
    for name in ("pan", "tilt", "roll"):
        drawn = np.array([one.facts[f"camera.{name}"] for one in shots])
        assert -30 <= drawn.min() < -28 and 28 < drawn.max() <= 30
    elevation = np.array([one.facts["camera.elevation"] for one in shots])
    assert 5 <= elevation.min() and elevation.max() <= 30
    assert len({math.atan2(*one.camera.position[:2]) // (math.pi / 4) for one in shots}) == 8
    own = sampler("{preset: tremblay, pan: 0, position: [1, 1, 1]}")(0, 0)
    assert own.facts["camera.pan"] == 0 and own.facts["camera.roll"] != 0 and own.camera.position == (1, 1, 1)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("{position: [0, 0, 1], pixel_aspect: {uniform: [0, 1]}}", "pixel_aspect.*must be above 0"),
        ("{position: [0, 0, 1], focal_length: -1}", "focal_length.*must be above 0"),
        ("{preset: trembley}", "tremblay"),
        ("{position: [0, 0, 1], lens: {kind: brown}}", "go together"),
    ],
)
def test_impossible_cameras_are_refused(sampler: Callable[..., Sampler], camera: str, message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        sampler(camera)


def test_every_fact_of_a_camera_is_announced(sampler: Callable[..., Sampler]) -> None:
    make = sampler("{preset: tremblay, aperture: 2, focus: 1, shift: [0.1, {uniform: [0, 0.2]}]}")
    facts, supports = make(0, 0).facts, scene_facts(make.spec)
    drawn = {name for name in facts if name.startswith("camera.")}
    assert drawn == {name for name in supports if name.startswith("camera.")}
    for name in drawn:
        low, high = supports[name] or (-math.inf, math.inf)
        assert low <= facts[name] <= high


def test_views_share_the_scene_and_differ_in_the_camera(sampler: Callable[..., Sampler]) -> None:
    make = sampler("{position: {shell: {radius: [1, 2], elevation: [20, 60]}}, views: 3}")
    shots = [make(0, k) for k in range(9)]
    assert [(one.scene_index, one.view, one.index) for one in shots] == [(k // 3, k % 3, k) for k in range(9)]
    for k in range(0, 9, 3):
        first, *others = shots[k : k + 3]
        for one in others:
            assert (one.objects, one.lights, one.world) == (first.objects, first.lights, first.world)
        assert len({one.camera.position for one in shots[k : k + 3]}) == 3
    assert shots[0].objects != shots[3].objects
    assert [make(0, k) for k in (7, 2, 5)] == [shots[k] for k in (7, 2, 5)], "any of them alone"


def test_the_first_view_is_what_a_scene_of_one_view_is(sampler: Callable[..., Sampler]) -> None:
    place = "position: {shell: {radius: [1, 2]}}, roll: {uniform: [-9, 9]}"
    one, three = sampler(f"{{{place}}}")(0, 2), sampler(f"{{{place}, views: 3}}")(0, 6)
    assert one.camera == three.camera and one.objects == three.objects and one.render == three.render


def test_new_numbers_leave_earlier_streams_as_they_were(write: Write, store: AssetStore) -> None:
    """Pose and focal length of a camera, recorded before cameras could pan, tilt, shift or move."""
    more = "elevation: [30, 80]}}, within: 0.1, roll: {uniform: [-5, 5]}, focal_length: {uniform: [30, 60]}}"
    spec = load_scene(write("scene.yaml", SCENE.replace("elevation: [30, 80]}}}", more)))
    camera = Sampler(spec, store, (64, 48))(0, 3).camera
    assert camera.position == pytest.approx((-1.0963596587395021, -0.0386595280999002, 0.7752646893370062), rel=1e-12)
    assert camera.axes[0] == pytest.approx((0.08332325948170687, -0.9959181228430631, -0.03470341513588101), rel=1e-12)
    assert camera.focal_pixels == pytest.approx(98.01358077422782, rel=1e-12)


@pytest.mark.parametrize(
    ("lens", "focal"),
    [(BARREL, 90.0), (PINCUSHION, 90.0), (FISHEYE, 40.0), (Lens(kind="kannala_brandt", k=(-0.2,)), 40.0)],
)
def test_a_plate_holds_all_that_the_lens_sees_finely_enough(lens: Lens, focal: float) -> None:
    one = shot(scene(size=(96, 72)), lens=lens, focal_pixels=focal, aspect=1.2, shift=(0.1, -0.05))
    plate, rays = plate_of(one), view(one).rays((0, 0, 96, 72))
    assert plate.camera.lens.kind in ("pinhole", "equidistant") and plate.camera.axes == one.camera.axes
    places = view(plate).pixels(rays)
    known = np.isfinite(rays[..., 0])
    assert (np.isfinite(places[..., 0]) == known).all()
    assert places[known].min() > 3 and (places[known] < np.array([plate.width, plate.height]) - 3).all()
    finest = plate.camera.focal_pixels / focal
    steps = np.linalg.norm(np.diff(places, axis=1), axis=-1)
    assert np.nanmin(steps) >= 0.999 * FINER or finest == pytest.approx(FINEST)


def test_plain_lenses_need_no_plate() -> None:
    for kind in ("pinhole", "equidistant"):
        one = shot(scene(), lens=Lens(kind=kind))
        assert plate_of(one) is one
        rgb = np.zeros((120, 160, 3), np.uint8)
        assert through(rgb, one, one) is rgb


def test_a_lens_without_distortion_shows_what_the_plate_holds(store: AssetStore) -> None:
    """Brown's lens with coefficients of 0, on a plate just as fine: pixel by pixel the pinhole's picture."""
    one = scene(thing("sphere"), thing("box", (0.5, 0.3, 0)), size=(96, 72))
    plain = RaycastPainter(store).paint(one).rgb
    bent = shot(one, lens=Lens(kind="brown", k=(0.0,)))
    assert np.abs(through(plain, bent, shot(one, lens=PINHOLE)).astype(int) - plain).max() <= 1


def test_what_a_lens_shrinks_is_averaged() -> None:
    """A checkerboard of single pixels seen at a quarter of its size becomes grey."""
    v, u = np.mgrid[:240, :320]
    board = np.repeat(((u + v) % 2 * 255).astype(np.uint8)[..., None], 3, -1)
    bent = shot(scene(size=(80, 60), focal=75), lens=Lens(kind="brown", k=(0.0,)))
    plate = shot(scene(size=(320, 240), focal=300), lens=PINHOLE)
    assert np.ptp(through(board, bent, plate)[1:-1, 1:-1].astype(int)) < 20


def test_what_no_lens_can_show_is_an_error_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RenderError, match="sees nothing"):
        plate_of(shot(scene(), lens=BARREL, focal_pixels=10.0, shift=(5.0, 0.0)))
    monkeypatch.setattr("generator.render.plate.MOST", 1)
    with pytest.raises(RenderError, match="longer focal_length"):
        plate_of(shot(scene(), lens=BARREL))
