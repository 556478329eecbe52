"""Light, patterns and textures of a painted picture against textbook answers."""

import hashlib
import itertools
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import OpenEXR
import pytest
from conftest import scene, thing
from painting import DARK, PLAIN, busy, lamp, world_rays

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.scene import Material, RenderSample, Texture, WorldSample
from generator.render.blender.passes import prefix, session
from generator.render.tone import decode


@pytest.mark.blender
def test_a_picture_does_not_depend_on_order(blender: Any) -> None:
    def digests(order: list[int]) -> dict[int, str]:
        painted = {i: blender.paint(busy(i)) for i in order}
        return {i: hashlib.sha256(p.rgb.tobytes() + p.index.tobytes() + p.depth.tobytes()).hexdigest()
                for i, p in painted.items()}  # fmt: skip

    first = digests([0, 1, 2])
    assert len(set(first.values())) == 3
    assert digests([2, 0, 1, 0]) == first


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
    assert {left for folder in folders for left in folder.glob(f"{prefix()}*")} == {session()}


@pytest.mark.blender
def test_caches_drop_the_oldest(blender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import bpy

    monkeypatch.setattr(blender.stage.bodies, "capacity", 100_000)
    monkeypatch.setattr(blender.stage.meshes, "capacity", 0)
    for k in range(8):
        blender.paint(scene(thing("sphere", radius=0.3 + 0.01 * k, subdivisions=4), render=PLAIN, size=(16, 16)))
    bodies = [one for one in bpy.data.objects if one.name.startswith("body")]
    assert len(bodies) == 1  # two of 5,120 triangles off stage are over the bound, one is within it
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
