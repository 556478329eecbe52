"""Cameras are painted by Cycles exactly as the label rays see."""

from typing import Any

import numpy as np
import pytest
from cameras import BARREL, FISHEYE, PINCUSHION, shot, view
from conftest import scene, thing, turn

from generator.assets.store import AssetStore
from generator.base.errors import RenderError
from generator.base.lens import Lens
from generator.base.scene import Material, ObjectSample, RenderSample, SceneSample, WorldSample
from generator.render.picture import Picture, take
from generator.render.plate import plate_of, through
from generator.render.raycast import RaycastPainter
from generator.render.tone import decode
from generator.truth.labels import label

DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)


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
