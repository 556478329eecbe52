"""Textures that cut holes: every painter shows what the rays see, and nothing of what lies in the holes."""

from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from meshing import Meshes, made, sheet
from scipy import ndimage
from test_oracle import leaf

from generator.base.scene import LightSample, Material, RenderSample, SceneSample, Texture, WorldSample
from generator.render.painter import make_painter
from generator.render.patterns import coarse
from generator.render.raycast import RaycastPainter
from generator.render.texels import filled
from generator.truth.audit import audit
from generator.truth.labels import label

LAMP = LightSample(name="sun", kind="sun", position=(0, 0, 1), power=3.0)
DARK = WorldSample(color=(0, 0, 0), strength=0)
ENGINES = [
    pytest.param("raycast"),
    pytest.param("cycles", marks=pytest.mark.blender),
    pytest.param("eevee", marks=[pytest.mark.blender, pytest.mark.slow]),
]


@pytest.mark.blender
@pytest.mark.parametrize("motion", [(0, 0, 0), (0.02, 0, 0)])
@pytest.mark.parametrize("keep", [True, False])
def test_cycles_sees_the_same_holes_as_the_rays(keep: bool, motion: tuple[float, float, float]) -> None:
    """Eleven cut sheets behind one another, turned; with motion, index and depth come of a second render."""
    store = Meshes({"leaf": sheet(leaf(), (0.0, -0.001, *(-0.3 - 0.01 * k for k in range(9))))})
    cut = made("leaf", position=(0.1, 0.05, 0.2), rotation=turn((1, 2, 0), 35))
    cut = cut.model_copy(update={"material": Material(keep=keep), "motion": motion})
    floor = thing("plane", (0, 0, -1), x=9, y=9, label=None, backdrop=True)
    sample = scene(
        cut, thing("box", (0, 0.2, -0.2), (0.5, 0.5, 0.5)), floor, lights=(LAMP,), render=RenderSample(samples=1)
    )
    painted, frame = make_painter("blender", store).paint(sample), label(sample, store)
    assert painted.index is not None and (painted.index != frame.instance).sum() <= 3
    assert 1000 < (frame.instance == 1).sum() < 0.95 * frame.instances[0].extent[0] * 150 * 150


def foliage(engine: str, paint: Material) -> SceneSample:
    """A leaf that glows green over a floor that glows red, seen a little from the side."""
    green = made("leaf", rotation=turn((1, 2, 0), 25)).model_copy(update={"material": paint})
    red = Material(color=(0.8, 0, 0), emission=1, roughness=1)
    floor = thing("plane", (0, 0, -0.7), x=9, y=9, backdrop=True).model_copy(update={"material": red})
    render = RenderSample(engine="eevee" if engine == "eevee" else "cycles", samples=4, denoise=False)
    return scene(green, floor, size=(80, 60), focal=75, world=DARK, render=render)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("paint", ["kept", "plain", "own"])
def test_every_painter_shows_the_floor_through_the_holes(engine: str, paint: str) -> None:
    """Pixels away from edges: green and no red on the leaf, red and no green elsewhere. In the texture's holes there is
    a blue that nobody may see."""
    mesh = sheet(leaf())
    mesh.texture[..., :3][mesh.texture[..., 3] < 128] = 0, 0, 255
    store = Meshes({"leaf": mesh})
    material = {
        "kept": Material(keep=True, emission=1),
        "plain": Material(color=(0, 0.4, 0), emission=1),
        "own": Material(color=(0, 0.4, 0), emission=1, textures=(Texture(kind="checker", color=(0, 0.7, 0)),)),
    }[paint]
    sample = foliage(engine, material)
    painted, frame = shown(engine, sample, store), label(sample, store)
    on = frame.instance == 1
    inner, outer = (ndimage.binary_erosion(m, np.ones((3, 3)), iterations=2, border_value=1) for m in (on, ~on))
    assert inner.sum() > 250 and outer[15:45, 20:60].sum() > 20
    red, green, blue = (painted.rgb[..., k].astype(int) for k in range(3))
    assert (green > red + 60)[inner].all() and (red > green + 60)[outer].all()
    assert (blue - red)[inner].max() < 12 and blue[outer].max() < 40  # a highlight is white
    assert (painted.index != frame.instance).sum() <= 3
    assert audit(frame.with_rgb(painted.rgb), painted.index, painted.depth).passed


def shown(engine: str, sample: SceneSample, store: Meshes) -> Any:
    if engine == "raycast":
        return RaycastPainter(store).paint(sample)
    return make_painter("blender", store).paint(sample)


@pytest.mark.parametrize("engine", ["raycast"])
def test_before_the_near_plane_and_behind_a_hole_the_right_texel_is_shown(engine: str) -> None:
    """Of two sheets with one texture each half, that behind is seen through the hole of that in front, in the colour of
    its own place; a third, 5 mm before the lens, is not seen at all."""
    alpha = np.full((8, 8), 255, np.uint8)
    alpha[:, :4] = 0
    one = sheet(alpha, (0.0, -0.5, 1.995))
    one.texture[..., :3] = 0
    one.texture[:, 4:, 1] = 200
    one.uv[2:4, :, 0] += 0.5  # the lower sheet's holes are at its right
    store = Meshes({"leaf": one})
    sample = foliage(engine, Material(keep=True, emission=1)).model_copy(update={"objects": (made("leaf"),)})
    sample = sample.model_copy(
        update={"objects": (made("leaf").model_copy(update={"material": Material(keep=True, emission=1)}),)}
    )
    painted, frame = shown(engine, sample, store), label(sample, store)
    on = frame.instance == 1
    assert frame.depth[30, 30] == pytest.approx(2.5) and frame.depth[30, 50] == pytest.approx(2.0)
    assert (painted.rgb[on][:, 1] > 150).all() and painted.rgb[on][:, [0, 2]].max() < 40


def test_holes_are_filled_with_the_colour_beside_them() -> None:
    image = np.zeros((4, 6, 4), np.uint8)
    image[:, :2], image[:, 4:], image[:, 2:4] = (9, 0, 0, 255), (0, 9, 0, 200), (0, 0, 255, 100)
    found = filled(image)
    assert found[:, :3].tolist() == [[[9, 0, 0, 255]] * 2 + [[9, 0, 0, 100]]] * 4
    assert found[:, 3:].tolist() == [[[0, 9, 0, 100]] + [[0, 9, 0, 200]] * 2] * 4
    for same in (image[..., :3], np.full_like(image, 255), np.zeros_like(image)):
        assert filled(same) is same


def test_what_lies_in_a_hole_colours_nothing_around_it() -> None:
    image = np.zeros((8, 8, 4), np.uint8)
    image[..., :3], image[..., 3] = (255, 0, 0), 0
    image[::2] = 0, 200, 0, 255
    light = coarse(image, 4)
    assert light[..., 0].max() < 1e-6 and light[..., 1].min() == pytest.approx(((200 / 255 + 0.055) / 1.055) ** 2.4)
