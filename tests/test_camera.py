"""Cameras: drawn from a spec, and painted by Cycles exactly as the label rays see."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from test_spec import SCENE

from generator.assets.store import AssetStore
from generator.base.errors import GeneratorError, RenderError
from generator.base.geometry import Camera
from generator.base.lens import PINHOLE, Lens
from generator.base.scene import Material, ObjectSample, RenderSample, SceneSample, WorldSample
from generator.render.picture import Picture, take
from generator.render.plate import FINER, FINEST, plate_of, through
from generator.render.raycast import RaycastPainter
from generator.render.tone import decode
from generator.sampling.sampler import Sampler
from generator.spec.facts import scene_facts
from generator.spec.load import load_scene
from generator.truth.labels import label

Write = Callable[[str, str], Path]
DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)


# -- from a spec -----------------------------------------------------------------------------------------------------


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


def view(one: SceneSample) -> Camera:
    return one.camera.at(one.width, one.height)


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


# -- plates ----------------------------------------------------------------------------------------------------------

BARREL = Lens(kind="brown", k=(-0.25, 0.06, -0.004), p=(0.004, -0.006))
PINCUSHION = Lens(kind="brown", k=(0.3,))
FISHEYE = Lens(kind="kannala_brandt", k=(-0.03, 0.005, -0.001))


def shot(one: SceneSample, **changes: Any) -> SceneSample:
    return one.model_copy(update={"camera": one.camera.model_copy(update=changes)})


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


# -- through Cycles --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def blender(store: AssetStore) -> Iterator[Any]:
    from generator.render.blender.painter import BlenderPainter

    yield BlenderPainter(store, device="cpu")


def crowd() -> list[ObjectSample]:
    rng = np.random.Generator(np.random.Philox(5))
    things = [thing("plane", (0, 0, -0.6), x=30, y=30, label=None, backdrop=True)]
    for shape in ("sphere", "box", "torus", "cone", "prism", "cylinder") * 3:
        one = thing(shape, rng.uniform(-1, 1, 3) * [1.2, 1.2, 0.6], np.full(3, 0.35), rng.normal(size=4))
        things.append(one.model_copy(update={"motion": tuple(rng.normal(0, 0.2, 3))}))
    return things


CAMERAS: dict[str, dict[str, Any]] = {
    "aspect and principal point": {"aspect": 1.3, "shift": (0.2, -0.1)},
    "narrow pixels": {"aspect": 0.7, "shift": (-0.1, 0.3)},
    "depth of field": {"aperture": 0.05, "focus": 1.5},
    "motion": {"motion": (0.3, 0.1, -0.2)},
    "fisheye": {"lens": Lens(kind="equidistant"), "focal_pixels": 30.0, "aspect": 1.3, "shift": (0.1, -0.2)},
    "fisheye inside": {"lens": Lens(kind="equidistant"), "focal_pixels": 14.0, "position": (0.1, 0.05, 0.05)},
    "fisheye with depth of field": {
        "lens": Lens(kind="equidistant"),
        "focal_pixels": 30.0,
        "aperture": 0.05,
        "focus": 1.0,
    },
    "barrel": {"lens": BARREL, "shift": (0.05, 0.1), "aspect": 1.2},
    "pincushion": {"lens": PINCUSHION, "motion": (0.1, 0, 0)},
    "kannala_brandt": {"lens": FISHEYE, "focal_pixels": 30.0, "aspect": 0.8},
}


@pytest.mark.blender
@pytest.mark.parametrize("size", [(96, 72), (64, 96)])
@pytest.mark.parametrize("name", CAMERAS)
def test_rays_and_cycles_see_the_same_through_every_camera(
    blender: Any, store: AssetStore, name: str, size: tuple[int, int]
) -> None:
    objects = crowd()
    if "motion" not in name and name != "pincushion":
        objects = [one.model_copy(update={"motion": (0.0, 0.0, 0.0)}) for one in objects]
    one = shot(scene(*objects, size=size, focal=60, render=PLAIN), **CAMERAS[name])
    result = take(one, blender, store).audit
    assert result.passed and result.compared >= size[0] * size[1]
    assert result.disagree <= 3 and result.inner == 0 and result.holes <= 2 and result.depth_error < 1e-4


def glowing(one: ObjectSample, emission: float) -> ObjectSample:
    return one.model_copy(update={"material": Material(color=(1, 1, 1), emission=emission)})


def light(rgb: np.ndarray) -> np.ndarray:
    return decode(rgb.astype(np.float32) / 255).mean(-1)


def moments(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre of light (u, v) in pixels, and its variance along u and v."""
    shine = light(rgb)
    v, u = np.mgrid[: shine.shape[0], : shine.shape[1]] + 0.5
    centre = np.array([(u * shine).sum(), (v * shine).sum()]) / shine.sum()
    spread = np.array([((u - centre[0]) ** 2 * shine).sum(), ((v - centre[1]) ** 2 * shine).sum()]) / shine.sum()
    return centre, spread


@pytest.mark.blender
@pytest.mark.parametrize("mover", ["object", "camera"])
def test_a_streak_is_as_long_as_the_motion_and_centred_on_the_label(
    blender: Any, store: AssetStore, mover: str
) -> None:
    """Variance along the motion: that of the still ball, and length**2 / 12."""
    ball = glowing(thing("sphere", (0.1, 0, 0), radius=0.03, subdivisions=3), 1.0)
    still = scene(ball, world=DARK, size=(96, 72), focal=90, render=RenderSample(samples=256, denoise=False))
    if mover == "object":
        moving = still.model_copy(update={"objects": (ball.model_copy(update={"motion": (0.6, 0, 0)}),)})
    else:
        moving = shot(still, motion=(0.6, 0, 0))
    (at, before), (middle, after) = (moments(blender.paint(one).rgb) for one in (still, moving))
    length = np.sqrt(12 * (after - before)[0])
    assert length == pytest.approx(0.6 / 2 * 90, rel=0.03)
    assert middle == pytest.approx(at, abs=0.4) and after[1] == pytest.approx(before[1], abs=0.3)
    assert (label(moving, store).instance == label(still, store).instance).all()


@pytest.mark.blender
@pytest.mark.parametrize(("aspect", "focus"), [(1.0, 1.0), (1.0, 4.0), (1.25, 1.0)])
def test_a_circle_of_confusion_is_as_wide_as_the_aperture_says(blender: Any, aspect: float, focus: float) -> None:
    """Radius f a |1 / focus - 1 / depth| pixels; a disk's variance along an axis is radius**2 / 4."""
    ball = glowing(thing("sphere", radius=0.03, subdivisions=3), 8.0)
    sharp = scene(ball, world=DARK, size=(96, 72), focal=90, render=RenderSample(samples=256, denoise=False))
    sharp = shot(sharp, aspect=aspect)
    open_ = shot(sharp, aperture=0.2, focus=focus)
    dim = sharp.model_copy(update={"objects": (glowing(ball, 0.5),)})
    (_, before), (centre, after) = (moments(blender.paint(one).rgb) for one in (dim, open_))
    radius = np.sqrt(4 * (after - before))
    expected = 90 * 0.2 * abs(1 / focus - 1 / 2)
    assert radius == pytest.approx([expected, aspect * expected], rel=0.06) and centre == pytest.approx(
        [48, 36], abs=0.4
    )


GRID = [(x, y, z) for x in (-0.7, 0, 0.7) for y in (-0.5, 0, 0.5) for z in (0.0,)]


@pytest.mark.blender
@pytest.mark.parametrize(
    "changes",
    [{}, {"lens": BARREL}, {"lens": PINCUSHION, "aspect": 1.2, "shift": (0.05, 0.0)}, {"lens": Lens(kind="equidistant")},
     {"lens": FISHEYE, "shift": (-0.05, 0.05)}],
    ids=lambda c: str(c.get("lens", Lens()).kind) + ("+" if "aspect" in c else ""),
)  # fmt: skip
def test_light_lands_where_the_lens_projects_it(blender: Any, store: AssetStore, changes: dict[str, Any]) -> None:
    """Centroids of a grid of glowing balls against projected points, within a fifth of a pixel."""
    balls = [glowing(thing("sphere", at, radius=0.06, subdivisions=3), 0.7) for at in GRID]
    one = scene(*balls, world=DARK, size=(144, 108), focal=100, render=RenderSample(samples=64, denoise=False))
    one = shot(one, **changes)
    rgb = picture(one, blender, store).frame.rgb
    assert rgb is not None
    pixels, _ = view(one).project(np.array(GRID))
    found = 0
    for u, v in pixels:
        x, y = int(u) - 8, int(v) - 8
        if min(x, y) >= 0 and x + 17 <= 144 and y + 17 <= 108:
            centre, _ = moments(rgb[y : y + 17, x : x + 17])
            assert centre == pytest.approx([u - x, v - y], abs=0.2)
            found += 1
    assert found >= 5


def picture(one: SceneSample, painter: Any, store: AssetStore) -> Picture:
    made = take(one, painter, store)
    assert made.audit.passed, made.audit.reasons
    return made


@pytest.mark.blender
def test_bending_softens_nothing(blender: Any, store: AssetStore) -> None:
    """A lens that hardly bends against the pinhole itself: the energy of the picture's gradients stays within a fifth.
    (Of a plate no finer than the picture, linear interpolation keeps two thirds.)"""
    things = [glowing(one, 0.5) if k % 2 else one for k, one in enumerate(crowd())]
    one = scene(*things, size=(96, 72), focal=60, world=DARK, render=RenderSample(samples=32, denoise=False))
    one = one.model_copy(
        update={"objects": tuple(o.model_copy(update={"motion": (0.0, 0.0, 0.0)}) for o in one.objects)}
    )
    bent = shot(one, lens=Lens(kind="brown", k=(1e-6,)))
    plate = plate_of(bent)
    plain, shown = light(blender.paint(one).rgb), light(through(blender.paint(plate).rgb, bent, plate))
    energy = [sum((np.diff(one, axis=k) ** 2).sum() for k in (0, 1)) for one in (plain, shown)]
    assert 0.8 * energy[0] < energy[1] < 1.2 * energy[0]


@pytest.mark.blender
def test_nothing_of_a_motion_stays(blender: Any, store: AssetStore) -> None:
    import bpy

    still = scene(thing("sphere", radius=0.3), size=(32, 24), focal=30, render=PLAIN)
    moving = shot(still.model_copy(update={"objects": (still.objects[0].model_copy(update={"motion": (1.0, 0, 0)}),)}),
                  motion=(0.0, 1.0, 0.0), aperture=0.1)  # fmt: skip
    before = blender.paint(still)
    blender.paint(moving)
    after = blender.paint(still)
    assert before.rgb.tobytes() == after.rgb.tobytes() and "sharp" not in after.seconds
    assert len(bpy.data.actions) == 0


@pytest.mark.blender
def test_eevee_has_no_fisheye(blender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.render.blender.engines.require_eevee", lambda: None)
    one = shot(scene(render=RenderSample(engine="eevee")), lens=Lens(kind="equidistant"))
    with pytest.raises(RenderError, match="eevee has no equidistant lens; use engine: cycles"):
        blender.paint(one)


def test_a_picture_is_painted_compared_and_labelled(store: AssetStore) -> None:
    """By the raycast painter, whose passes are the rays: the plate's labels for the audit, the lens's for the frame."""
    ball = thing("sphere", rotation=turn((1, 0, 0), 10), subdivisions=4)
    one = shot(scene(ball, size=(96, 72), focal=80), lens=BARREL)
    made = take(one, RaycastPainter(store), store)
    assert made.audit.passed and made.audit.disagree == 0 and made.audit.compared > 96 * 72
    assert made.frame.rgb is not None and made.frame.rgb.shape == (72, 96, 3)
    assert (made.frame.instance == label(one, store).instance).all()
    inside, outside = (light(made.frame.rgb)[made.frame.mask(k)] for k in (1, 0))
    assert abs(np.median(inside) - np.median(outside)) > 0.02
