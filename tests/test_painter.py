"""Passes and engines against answers computed here, with nothing but numpy."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from painting import DARK, PLAIN, busy, world_rays

from generator.assets.store import AssetStore
from generator.base.errors import AssetError, RenderError
from generator.base.scene import Material, RenderSample, SceneSample, Texture, WorldSample
from generator.render.blender.passes import sweep
from generator.render.painter import make_painter
from generator.render.patterns import coarse
from generator.render.raycast import RaycastPainter
from generator.render.tone import decode, develop, encode
from generator.truth.audit import audit
from generator.truth.labels import label

SIZES = [(160, 96), (96, 160)]


# -- the view transform ----------------------------------------------------------------------------------------------


def test_srgb_curve_at_known_points() -> None:
    known = np.array([0.0, 0.0031308, 0.2140411, 1.0], np.float32)  # IEC 61966-2-1
    assert encode(known) == pytest.approx([0, 0.04045, 0.5, 1], abs=2e-5)
    assert decode(encode(known)) == pytest.approx(known, abs=1e-6)


def test_develop_keeps_the_middle_and_bends_highlights() -> None:
    assert develop(np.full((1, 1, 3), 0.5, np.float32))[0, 0, 0] == 188
    assert develop(np.full((1, 1, 3), 0.25, np.float32), exposure=1)[0, 0, 0] == 188
    ramp = develop(np.linspace(0, 3, 3000, dtype=np.float32).reshape(1, -1, 1)).ravel().astype(int)
    assert (np.diff(ramp) >= 0).all() and ramp[-1] == 255
    assert ramp[1000] < 255  # light 1.0 is not yet white
    assert develop(np.array([[[np.nan, np.inf, -1.0]]], np.float32)).tolist() == [[[0, 255, 0]]]


def test_metering_undoes_any_brightness() -> None:
    light = np.random.Generator(np.random.Philox(4)).uniform(0.05, 0.9, (20, 30, 3)).astype(np.float32)
    shown = develop(light, metering=1.0).astype(int)
    for factor in (0.03, 8.0):
        assert np.abs(develop(light * np.float32(factor), metering=1.0).astype(int) - shown).max() <= 1
    assert (
        np.abs(develop(light * 4, metering=0.5).astype(int) - develop(light * 2, metering=0.5, exposure=0.5)).max() <= 1
    )
    assert develop(np.full((2, 2, 3), 0.01, np.float32), metering=1.0)[0, 0, 0] == pytest.approx(118, abs=1)  # 0.18
    assert develop(np.zeros((2, 2, 3), np.float32), metering=1.0).max() == 0


# -- the raycast painter ---------------------------------------------------------------------------------------------


def test_raycast_painter_is_deterministic_and_agrees_with_its_labels(store: AssetStore) -> None:
    one = scene(thing("plane", backdrop=True, x=4, y=4), thing("box", z=0.3), thing("sphere", (1, 0, 0.5)))
    first, second = (make_painter("raycast", store).paint(one) for _ in range(2))
    assert first.rgb.tobytes() == second.rgb.tobytes()
    result = audit(label(one, store).with_rgb(first.rgb), first.index, first.depth)
    assert result.passed and result.disagree == 0


@pytest.mark.parametrize("kind", ["noise", "voronoi", "checker", "stripes", "gradient"])
def test_patterns_mix_two_colours(store: AssetStore, kind: Any) -> None:
    texture = Texture(kind=kind, color=(0, 0, 1), scale=0.3)
    paint = Material(color=(1, 0, 0), textures=(texture,), emission=1)
    ball = thing("sphere").model_copy(update={"material": paint})
    shown = RaycastPainter(store).paint(scene(ball, world=DARK, position=(0.5, -2, 0.2)))
    light = decode(shown.rgb[shown.index == 1].astype(np.float32) / 255)
    assert light[:, 1].max() == 0 and np.ptp(light[:, 0]) > 0.5 and np.ptp(light[:, 2]) > 0.5


def test_coarse_is_a_mean_of_light() -> None:
    image = np.random.Generator(np.random.Philox(3)).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    blocks = decode(image.astype(np.float32) / 255).reshape(16, 2, 16, 4, 3).mean((1, 3))
    assert coarse(image) == pytest.approx(blocks, abs=1e-6)


def test_unknown_painter_is_suggested(store: AssetStore) -> None:
    with pytest.raises(RenderError, match="did you mean 'blender'"):
        make_painter("blendr", store)


# -- Cycles' passes against analysis ---------------------------------------------------------------------------------


def quadric(one: SceneSample, matrix: np.ndarray, radius: float) -> np.ndarray:
    """Planar depth (h, w) of a unit-axes sphere under an affine map, by the quadratic formula; inf where missed."""
    origin, rays = world_rays(one.camera.at(one.width, one.height))
    inverse = np.linalg.inv(matrix)
    o, d = inverse[:3, :3] @ origin + inverse[:3, 3], rays @ inverse[:3, :3].T
    a, b, c = (d * d).sum(-1), (d @ o), o @ o - radius**2
    inside = b * b - a * c
    return np.where(inside >= 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)


def slabs(one: SceneSample, matrix: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Planar depth (h, w) of a box under an affine map, by the slab method; inf where missed."""
    origin, rays = world_rays(one.camera.at(one.width, one.height))
    inverse = np.linalg.inv(matrix)
    o, d = inverse[:3, :3] @ origin + inverse[:3, 3], rays @ inverse[:3, :3].T
    with np.errstate(divide="ignore"):
        ends = np.stack([(-half - o) / d, (half - o) / d])
    near, far = ends.min(0).max(-1), ends.max(0).min(-1)
    return np.where((near <= far) & (near > 0), near, np.inf)


def agree(painted: Any, depths: list[np.ndarray], share: float = 0.0005) -> None:
    """Index and depth against the nearest of analytic depths, object k + 1 each."""
    stack = np.stack(depths)
    index = np.where(np.isfinite(stack).any(0), stack.argmin(0) + 1, 0)
    wrong = painted.index != index
    assert wrong.sum() <= share * wrong.size, f"{wrong.sum()} of {wrong.size} pixels"
    same = ~wrong & (index > 0)
    assert same.any()
    error = np.abs(painted.depth[same] / stack.min(0)[same] - 1)
    assert np.quantile(error, 0.95) < 1e-3 and np.median(error) < 1e-4  # at a limb, a tessellated sphere falls short
    assert np.isinf(painted.depth[~wrong & (index == 0)]).all()


@pytest.mark.blender
@pytest.mark.parametrize("samples", [1, 2, 8])
def test_sphere_silhouette_is_sampled_at_pixel_centres(blender: Any, samples: int) -> None:
    ball = thing("sphere", (0.013, -0.007, 0), subdivisions=6)
    one = scene(ball, size=(200, 150), render=RenderSample(samples=samples))
    agree(blender.paint(one), [quadric(one, ball.pose.matrix(), 0.5)])


@pytest.mark.blender
@pytest.mark.parametrize("size", SIZES)
def test_tilted_scaled_and_border_crossing_objects(blender: Any, size: tuple[int, int]) -> None:
    box = thing("box", (-0.35, 0.3, 0.1), (0.5, 0.3, 0.8), turn((1, 2, 3), 40))
    egg = thing("sphere", (0.3, -0.1, 0.2), (0.4, 0.8, 0.3), turn((3, 1, -1), 70), subdivisions=6)
    cut = thing("sphere", (0.6, -0.7, 0), subdivisions=6)
    one = scene(box, egg, cut, size=size, focal=140, position=(0.3, -0.9, 2), render=PLAIN)
    shapes = [quadric(one, o.pose.matrix(), 0.5) for o in (egg, cut)]
    painted = blender.paint(one)
    agree(painted, [slabs(one, box.pose.matrix(), np.full(3, 0.5)), *shapes])
    border = np.concatenate([painted.index[0], painted.index[-1], painted.index[:, 0], painted.index[:, -1]])
    assert border.any()


@pytest.mark.blender
def test_backdrop_has_index_zero_and_depth_of_a_plane(blender: Any) -> None:
    floor = thing("plane", (0, 0, -0.25), rotation=turn((1, 0, 0), 20), backdrop=True, x=100, y=100)
    one = scene(floor, thing("box", (0, 0, 0.5), (0.2, 0.2, 0.2)), render=PLAIN)
    painted = blender.paint(one)
    origin, rays = world_rays(one.camera.at(one.width, one.height))
    normal = floor.pose.matrix()[:3, 2]
    depth = (np.array([0, 0, -0.25]) - origin) @ normal / (rays @ normal)
    seen = painted.index == 0
    assert 0 < (~seen).sum() < seen.size / 4
    assert painted.depth[seen] == pytest.approx(depth[seen], rel=1e-4)


@pytest.mark.blender
def test_rays_and_cycles_agree_on_a_full_scene(blender: Any, store: AssetStore) -> None:
    one = busy(0)
    painted = blender.paint(one)
    result = audit(label(one, store).with_rgb(painted.rgb), painted.index, painted.depth)
    assert result.passed and result.compared == 64 * 48
    assert result.disagree <= 3 and result.inner == 0 and result.holes == 0


# -- engines and devices ---------------------------------------------------------------------------------------------


@pytest.mark.blender
def test_gpu_without_one_says_so(blender: Any) -> None:
    from generator.render.blender.engines import choose_device

    if choose_device("auto") != "cpu":
        assert choose_device("gpu") == choose_device("auto")
        return
    with pytest.raises(RenderError, match="device: auto"):
        choose_device("gpu")


@pytest.mark.blender
@pytest.mark.slow
def test_eevee_paints_or_says_what_is_missing(blender: Any, store: AssetStore) -> None:
    one = scene(thing("box"), size=(32, 24), focal=20, render=RenderSample(engine="eevee", samples=1))
    from generator.render.blender.engines import require_eevee

    try:
        require_eevee()
    except RenderError as error:
        assert "libegl1" in str(error)
        return
    painted = blender.paint(one)
    frame = label(one, store).with_rgb(painted.rgb)
    assert painted.index is not None and (painted.index != frame.instance).sum() <= 2
    assert painted.device == "egl" and audit(frame, painted.index, painted.depth).passed
    inside = painted.rgb[frame.instance == 1].mean(0)
    outside = painted.rgb[frame.instance == 0].mean(0)
    assert np.abs(inside - outside).max() > 3


@pytest.mark.blender
def test_a_broken_panorama_is_an_error(blender: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.exr"
    broken.write_bytes(b"not a picture")
    kept, blender.stage.store = blender.stage.store, SimpleNamespace(path=lambda asset: broken)
    try:
        with pytest.raises(AssetError, match=r"broken\.exr"):
            blender.paint(scene(size=(16, 16), world=WorldSample(environment="broken"), render=PLAIN))
    finally:
        blender.stage.store = kept


@pytest.mark.blender
def test_what_blender_prints_is_kept_off_the_terminal_and_read(capfd: pytest.CaptureFixture[str]) -> None:
    from generator.render.blender.capture import captured

    with captured() as complaints:
        os.write(1, b"Saved: frame\n")
        os.write(2, b"  Error: no such thing \nEGL Error (0x3009): EGL_BAD_MATCH\n")
        assert complaints == []
    assert complaints == ["Error: no such thing"]
    print("afterwards")
    assert capfd.readouterr() == ("afterwards\n", "")


@pytest.mark.blender
@pytest.mark.parametrize("end", ["kill", "exit"])
def test_nothing_is_left_of_a_painter_that_ended(tmp_path: Path, end: str) -> None:
    """Neither in the temporary folder nor, once the next painter has swept, where the killed one kept its files."""
    code = (
        "import os, sys, bpy\n"
        "from generator.assets.catalog import Catalog\nfrom generator.assets.store import AssetStore\n"
        "from generator.render.painter import make_painter\n"
        "make_painter('blender', AssetStore(Catalog.open()), 'cpu')\n"
        "print(bpy.app.tempdir, os.path.isdir(bpy.app.tempdir), flush=True)\n"
        "os.kill(os.getpid(), 9) if sys.argv[1] == 'kill' else None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, end], env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    folder, there = done.stdout.split()
    assert there == "True" and not list(tmp_path.iterdir())
    sweep()
    assert not Path(folder).parent.exists() and Path(folder).parent.name.startswith("painter-")
