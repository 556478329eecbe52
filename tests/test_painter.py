"""Pictures and passes against answers computed here, with nothing but numpy."""

import hashlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import OpenEXR
import pytest
from conftest import scene, thing, turn

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.errors import AssetError, RenderError
from generator.base.geometry import Camera
from generator.base.scene import LightSample, Material, RenderSample, SceneSample, Texture, WorldSample
from generator.render.painter import make_painter
from generator.render.patterns import coarse
from generator.render.raycast import RaycastPainter
from generator.render.tone import decode, develop, encode
from generator.truth.audit import audit
from generator.truth.labels import label

DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)
SIZES = [(160, 96), (96, 160)]


@pytest.fixture(scope="module")
def blender(store: AssetStore) -> Iterator[Any]:
    from generator.render.blender.painter import BlenderPainter

    yield BlenderPainter(store, device="cpu")


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


def world_rays(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    v, u = np.mgrid[: camera.height, : camera.width] + 0.5
    local = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], -1)
    return camera.world_from_camera[:3, 3], local @ camera.world_from_camera[:3, :3].T


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


# -- the picture -----------------------------------------------------------------------------------------------------


def busy(index: int) -> SceneSample:
    """Every kind of lamp, texture and shape, some metal, bump, a panorama."""
    rng = np.random.Generator(np.random.Philox(index))
    kinds = ["noise", "voronoi", "checker", "stripes", "gradient", "image"]
    things = [thing("plane", backdrop=True, x=3, y=3)]
    for kind, shape in zip(kinds, ["sphere", "box", "cone", "torus", "cylinder", "prism"], strict=True):
        texture = Texture(kind=kind, color=tuple(rng.random(3)), scale=0.1, image="texture/brick")  # type: ignore[arg-type]
        paint = Material(color=tuple(rng.random(3)), textures=(texture,), metallic=float(rng.random()), bump=0.5)
        one = thing(shape, rng.uniform(-0.6, 0.6, 3), np.full(3, 0.4), rng.normal(size=4))
        things.append(one.model_copy(update={"material": paint}))
    lamps = tuple(lamp(kind, (*rng.uniform(-1, 1, 2), 2.0)) for kind in ("point", "area", "spot", "sun"))
    world = WorldSample(environment="hdri/city", strength=0.5, rotation=1)
    render = RenderSample(samples=2)
    return scene(*things, size=(64, 48), focal=60, lights=lamps, world=world, render=render, index=index)


def lamp(kind: Any, position: Any = (0, 0, 1), power: float = 5.0, size: float = 0.05) -> LightSample:
    return LightSample(name=kind, kind=kind, position=position, power=power, size=size)


@pytest.mark.blender
def test_a_picture_does_not_depend_on_order_or_threads(blender: Any) -> None:
    def digests(order: list[int], threads: int) -> dict[int, str]:
        blender.threads = threads
        painted = {i: blender.paint(busy(i)) for i in order}
        return {i: hashlib.sha256(p.rgb.tobytes() + p.index.tobytes() + p.depth.tobytes()).hexdigest()
                for i, p in painted.items()}  # fmt: skip

    first = digests([0, 1, 2], threads=1)
    assert len(set(first.values())) == 3
    assert digests([2, 0, 1, 0], threads=2) == first
    blender.threads = 1


@pytest.mark.blender
def test_nothing_stays_on_stage(blender: Any) -> None:
    import bpy

    def census() -> list[int]:
        return [len(kind) for kind in (bpy.data.objects, bpy.data.materials, bpy.data.lights, bpy.data.cameras,
                                       bpy.data.meshes, bpy.data.images, bpy.data.worlds)]  # fmt: skip

    blender.paint(busy(0))
    before = census()
    blender.paint(busy(1))
    assert census() == before
    folders = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    assert not [left for folder in folders for left in folder.glob(f"painter-{os.getpid()}-*")]


@pytest.mark.blender
def test_caches_drop_the_oldest(blender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import bpy

    monkeypatch.setattr(blender.stage.bodies, "capacity", 600)
    monkeypatch.setattr(blender.stage.meshes, "capacity", 0)
    for k in range(8):
        blender.paint(scene(thing("sphere", radius=0.3 + 0.01 * k, subdivisions=2), render=PLAIN, size=(16, 16)))
    bodies = [one for one in bpy.data.objects if one.name.startswith("body")]
    assert len(bodies) == 1  # two of 320 triangles are over the bound, one is within it
    assert len(bpy.data.meshes) <= 2  # its own, and the last that an object of one frame alone had


@pytest.mark.blender
def test_background_light_is_exact(blender: Any) -> None:
    one = scene(size=(16, 16), world=WorldSample(color=(0.25, 0.1, 0.05), strength=2), render=PLAIN)
    expected = [188, 124, 89]  # sRGB of linear 0.5, 0.2, 0.1
    assert blender.paint(one).rgb.reshape(-1, 3).tolist() == [expected] * 256


@pytest.mark.blender
@pytest.mark.parametrize(("kind", "gain"), [("point", 1), ("spot", 1), ("area", 4), ("sun", 4 * np.pi)])
def test_watts_give_the_radiance_of_the_textbook(blender: Any, kind: str, gain: float) -> None:
    """A matt floor straight below a lamp: albedo / pi times irradiance; a sun's power is its irradiance."""
    matt = Material(color=(0.5, 0.5, 0.5), roughness=1)
    floor = thing("plane", backdrop=True, x=4, y=4).model_copy(update={"material": matt})
    light = lamp(kind, (0, 0, 1), power=2.0)
    one = scene(floor, size=(31, 31), focal=300, position=(0.5, 0, 2), lights=(light,), world=DARK,
                render=RenderSample(samples=16, denoise=False))  # fmt: skip
    shown = decode(blender.paint(one).rgb[12:19, 12:19].astype(np.float32) / 255).mean()
    expected = 0.5 * 2.0 / (4 * np.pi**2) * gain
    assert shown == pytest.approx(expected, rel=0.12)  # the Principled surface reflects a few per cent more


@pytest.mark.blender
def test_shadow_falls_away_from_the_lamp(blender: Any) -> None:
    floor = thing("plane", backdrop=True, x=4, y=4)
    post = thing("box", (0, 0, 0.25), (0.1, 0.1, 0.5))
    one = scene(floor, post, lights=(lamp("point", (-1, 0, 1), 20),), world=DARK, render=RenderSample(samples=4))
    painted = blender.paint(one)
    row = painted.rgb[60].mean(-1)
    right, left = row[100:112].mean(), row[48:60].mean()  # the camera looks down; +x is right
    assert left > 3 * right


@pytest.mark.blender
def test_checker_period_is_metres_on_a_scaled_object(blender: Any) -> None:
    check = Texture(kind="checker", color=(1, 1, 1), scale=0.25, offset=(0.05, 0.02, 0))
    paint = Material(color=(0, 0, 0), textures=(check,), emission=1)
    floor = thing("plane", scale=(2, 3, 1), backdrop=True).model_copy(update={"material": paint})
    one = scene(floor, world=DARK, render=PLAIN)
    value = blender.paint(one).rgb[..., 0]
    origin, rays = world_rays(one.camera.at(one.width, one.height))
    x, y = (origin[k] - rays[..., k] * origin[2] / rays[..., 2] for k in (0, 1))
    inside = (np.abs(x) < 0.97) & (np.abs(y) < 1.47)
    u, v = (x + 0.05) / 0.25 + 0.25, (y + 0.02) / 0.25 + 0.25  # patterns start a quarter period off the origin
    clear = inside & (np.abs(u - np.round(u)) > 0.12) & (np.abs(v - np.round(v)) > 0.12)
    other = (np.floor(u) + np.floor(v)) % 2 == 1
    assert clear.sum() > 5000
    assert (value[clear & other] > 240).all() and (value[clear & ~other] < 5).all()


@pytest.mark.blender
def test_keep_shows_the_own_texture_the_right_way_up(store: AssetStore, blender: Any) -> None:
    """Texture rows run from the top, v from the bottom: the first texel lies at u = 0, v = 1."""
    texture = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8).repeat(8, 0).repeat(8, 1)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    mesh = Mesh(corners, faces, ((corners[faces][..., :2] + 1) / 2), texture)
    floor = thing("plane", own=1).model_copy(update={"material": Material(keep=True, emission=1)})
    one = scene(floor, world=DARK, render=PLAIN)
    kept, blender.stage.store = blender.stage.store, SimpleNamespace(mesh=lambda ref: mesh)
    try:
        rgb = blender.paint(one).rgb
    finally:
        blender.stage.store = kept
    quarters = [rgb[30, 50], rgb[30, 110], rgb[90, 50], rgb[90, 110]]  # from above: up is +y, right is +x
    assert [tuple(q > 128) for q in quarters] == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]


@pytest.mark.blender
def test_environment_turns_with_the_world(store: AssetStore, blender: Any, tmp_path: Path) -> None:
    """A panorama whose middle (+x) shines: turned by 90 degrees it shines from +y."""
    panorama = np.zeros((32, 64, 3), np.float32)
    panorama[12:20, 28:36] = 1
    path = tmp_path / "sun.exr"
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"RGB": panorama}) as file:
        file.write(str(path))
    kept, blender.stage.store = blender.stage.store, SimpleNamespace(path=lambda asset: path)
    world = WorldSample(environment="sun", rotation=float(np.pi / 2))
    try:
        bright = {}
        for x, y in itertools.product((-1, 0, 1), repeat=2):
            if abs(x) + abs(y) == 1:
                one = scene(size=(16, 16), position=(0, 0, 0), target=(x, y, 0), world=world, render=PLAIN)
                bright[x, y] = blender.paint(one).rgb[8, 8, 0]
    finally:
        blender.stage.store = kept
    assert bright == {(0, 1): bright[0, 1], (1, 0): 0, (-1, 0): 0, (0, -1): 0} and bright[0, 1] > 200


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
