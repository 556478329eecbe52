"""Surfaces: what is drawn of them, and what both painters make of it."""

import colorsys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from PIL import Image

from generator.assets.catalog import Catalog
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.color import decode, encode, from_hsv, to_hsv
from generator.base.draw import Draw
from generator.base.errors import AssetError
from generator.base.scene import LightSample, Material, MeshRef, ObjectSample, RenderSample, Texture, WorldSample
from generator.render.patterns import Spots, dirt, grime_of, shifted
from generator.sampling.materials import material
from generator.spec.materials import MaterialSpec
from generator.truth.audit import audit
from generator.truth.labels import label

DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)
RED, CYAN = (1.0, 0.0, 0.0), (0.0, 1.0, 1.0)
SMALL: dict[str, Any] = {"size": (64, 48), "focal": 60, "world": DARK, "render": PLAIN}


def made_of(one: ObjectSample, **material: Any) -> ObjectSample:
    return one.model_copy(update={"material": Material(**material)})


def light_of(rgb: np.ndarray) -> np.ndarray:
    return decode(rgb.astype(float) / 255)


# -- colours ---------------------------------------------------------------------------------------------------------


def test_hue_saturation_and_value_are_those_of_the_textbook() -> None:
    rgb = np.random.Generator(np.random.Philox(1)).random((200, 3))
    rgb[:4] = [[0, 0, 0], [1, 1, 1], [0.3, 0.3, 0.3], [1, 0, 1]]
    assert to_hsv(rgb) == pytest.approx(np.array([colorsys.rgb_to_hsv(*one) for one in rgb]), abs=1e-12)
    assert from_hsv(to_hsv(rgb)) == pytest.approx(rgb, abs=1e-12)
    turned = to_hsv(rgb) + np.array([3, 0, 0])
    assert from_hsv(turned) == pytest.approx(rgb, abs=1e-12)


def test_the_curve_keeps_the_precision_it_is_given() -> None:
    for kind in (np.float32, np.float64):
        ramp = np.linspace(0, 1, 50, dtype=kind)
        assert encode(ramp).dtype == decode(ramp).dtype == kind
        assert decode(encode(ramp)) == pytest.approx(ramp, abs=1e-6)


def test_shift_turns_hues_and_clamps_the_rest() -> None:
    red = np.array([RED])
    assert shifted(red, (0.5, 0, 0)) == pytest.approx(np.array([CYAN]), abs=1e-12)
    assert shifted(red, (0, -1, 0)) == pytest.approx(np.ones((1, 3)))
    assert shifted(red, (0, 5, 5)) == pytest.approx(red)
    assert shifted(red, (0, 0, -0.5)) == pytest.approx(red * 0.5**2.2)


# -- what is drawn ---------------------------------------------------------------------------------------------------


def test_every_part_of_a_material_has_a_stream_of_its_own() -> None:
    """Making one part random changes no other."""
    names = ("roughness", "metallic", "bump", "transmission", "coat", "dirt", "wear")
    everything = {name: {"uniform": [0, 1]} for name in names}
    whole = material(MaterialSpec.model_validate(everything), Draw(0) / "m", Catalog())
    for name in names:
        alone = material(MaterialSpec.model_validate({name: {"uniform": [0, 1]}}), Draw(0) / "m", Catalog())
        assert getattr(alone, name) == getattr(whole, name)
    assert len({getattr(whole, name) for name in names}) == len(names)


def test_a_borrowed_texture_is_named_with_its_content(tmp_path: Path) -> None:
    catalog = Catalog.open(quarters(tmp_path))
    raw = {"kind": "own", "of": {"pick": "flags/*"}, "mapping": "uv"}
    drawn = material(MaterialSpec.model_validate({"textures": [raw]}), Draw(0), catalog).textures[0]
    asset = catalog["flags/quarters"]
    assert (drawn.image, drawn.sha256, drawn.mapping) == (asset.id, asset.sha256, "uv")


def test_blotches_are_the_objects_own_and_stay_over_views() -> None:
    one, view = scene(scene_index=4), scene(scene_index=4, index=9, view=1)
    assert grime_of(one, "a") == grime_of(view, "a") != grime_of(one, "b")
    assert grime_of(scene(scene_index=5), "a") != grime_of(one, "a")


# -- textures of others ----------------------------------------------------------------------------------------------


def quarters(folder: Path) -> Path:
    """Assets: a square mesh, its texture red, green / blue, white as seen from above."""
    texture = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    (folder / "flags").mkdir(exist_ok=True)
    Image.fromarray(texture.repeat(8, 0).repeat(8, 1)).save(folder / "flags" / "map.png")
    (folder / "flags" / "quarters.mtl").write_text("newmtl m\nmap_Kd map.png\n")
    lines = [
        "mtllib quarters.mtl",
        "v -1 -1 0",
        "v 1 -1 0",
        "v 1 1 0",
        "v -1 1 0",
        "vt 0 0",
        "vt 1 0",
        "vt 1 1",
        "vt 0 1",
    ]
    (folder / "flags" / "quarters.obj").write_text(
        "\n".join([*lines, "usemtl m", "f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]) + "\n"
    )
    return folder


def corner_colors(rgb: np.ndarray) -> list[tuple[bool, ...]]:
    """Of the quarters of a square seen from above: up is +y, right is +x."""
    return [tuple(bool(c) for c in rgb[v, u] > 128) for v, u in ((14, 22), (14, 42), (34, 22), (34, 42))]


QUARTERS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]


@pytest.mark.parametrize("kind", ["own", "image"])
def test_uv_stretches_a_texture_once_over_a_plane(painter: Any, tmp_path: Path, kind: Any) -> None:
    store = AssetStore(Catalog.open(quarters(tmp_path)))
    name = {"own": "flags/quarters", "image": "flags/map"}[kind]
    shown = Texture(kind=kind, image=name, sha256=store.catalog[name].sha256, mapping="uv", scale=0.01)
    floor = made_of(thing("plane", scale=(2, 1.2, 1)), textures=(shown,), emission=1)
    painter.lend(store)
    assert corner_colors(painter.paint(scene(floor, **SMALL)).rgb) == QUARTERS


def test_a_borrowed_texture_is_tiled_in_metres_over_a_shape_without_coordinates(painter: Any, tmp_path: Path) -> None:
    store = AssetStore(Catalog.open(quarters(tmp_path)))
    shown = Texture(kind="own", image="flags/quarters", scale=1.0, mapping="uv", offset=(0.5, 0.5, 0))
    box = made_of(thing("box", scale=(2, 2, 0.1)), textures=(shown,), emission=1)
    painter.lend(store)
    rgb = painter.paint(scene(box, size=(64, 48), focal=60, position=(0, 0, 2.05), world=DARK, render=PLAIN)).rgb
    middle = [tuple(bool(c) for c in rgb[v, u] > 128) for v, u in ((17, 25), (17, 38), (30, 25), (30, 38))]
    red, green, blue, white = QUARTERS  # one tile is one metre, 30 pixels, whatever the scale; its top faces +x
    assert middle == [blue, red, white, green]


@pytest.mark.parametrize("side", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
def test_images_stand_upright_on_all_four_sides(painter: Any, tmp_path: Path, side: Any) -> None:
    shown = Texture(kind="image", image="flags/map", scale=1.0, offset=(0.5, 0.5, 0.5))
    box = made_of(thing("box"), textures=(shown,), emission=1)
    painter.lend(AssetStore(Catalog.open(quarters(tmp_path))))
    one = scene(box, size=(64, 48), focal=60, position=2.5 * np.array(side), world=DARK, render=PLAIN)
    rgb = painter.paint(one).rgb
    assert [tuple(bool(c) for c in rgb[v, u] > 128) for v, u in ((17, 25), (17, 38), (30, 25), (30, 38))] == QUARTERS


def test_a_borrowed_texture_must_be_the_one_that_was_sampled(painter: Any, tmp_path: Path) -> None:
    painter.lend(AssetStore(Catalog.open(quarters(tmp_path))))
    shown = Texture(kind="own", image="flags/quarters", sha256="0" * 64)
    with pytest.raises(AssetError, match="has changed since this scene was sampled"):
        painter.paint(scene(made_of(thing("box"), textures=(shown,)), **SMALL))


def test_shift_turns_a_kept_texture(painter: Any, tmp_path: Path) -> None:
    store = AssetStore(Catalog.open(quarters(tmp_path)))
    flag = ObjectSample(name="flag", label=None, mesh=MeshRef(asset="flags/quarters"))
    flag = made_of(flag, keep=True, shift=(0.5, 0, 0), emission=1)
    painter.lend(store)
    assert corner_colors(painter.paint(scene(flag, **SMALL, position=(0, 0, 4))).rgb) == [
        (0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1)
    ]  # fmt: skip


def test_shift_turns_a_kept_flat_colour(painter: Any, store: AssetStore) -> None:
    square = store.mesh(MeshRef(asset="shape/plane"))
    painter.lend(SimpleNamespace(mesh=lambda ref: Mesh(square.vertices, square.faces, color=(0.5, 0.1, 0.1))))
    floor = made_of(thing("plane"), keep=True, shift=(1 / 3, 0, 0), emission=1)
    found = light_of(painter.paint(scene(floor, **SMALL)).rgb)[24, 32]
    assert found == pytest.approx([0.1, 0.5, 0.1], abs=0.01)


# -- dirt and wear ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
def test_dirt_covers_its_share(painter: Any, share: float) -> None:
    """A shining plate of some 1,500 blotches, seen once per pixel: dirt hides the shine."""
    plate = made_of(thing("plane", x=4, y=4), color=(0.5, 0.5, 0.5), emission=1, dirt=share, wear_scale=0.05)
    one = scene(plate, size=(96, 96), focal=96, world=DARK, render=PLAIN)
    lit = light_of(painter.paint(one).rgb)[..., 0] / 0.5
    assert 1 - lit.mean() == pytest.approx(share, abs=0.04)


def test_dirt_share_holds_on_average_over_many_places() -> None:
    points = 50 * np.random.Generator(np.random.Philox(5)).random((20000, 3))
    for share in (0.05, 0.4, 0.95):
        soiled = dirt(Material(dirt=share, wear_scale=0.1), Spots(points, points))
        assert soiled.mean() == pytest.approx(share, abs=0.015)


@pytest.mark.blender
def test_wear_bares_edges_in_cycles(blender: Any) -> None:
    """A black cube with white below its paint: the frame of its top face is bared, not the middle."""
    bared = made_of(thing("box"), color=(0, 0, 0), wear_color=(1, 1, 1), wear=0.9, wear_scale=0.2, emission=0.5)
    one = scene(bared, size=(48, 48), focal=72, world=DARK, render=RenderSample(samples=8, denoise=False))
    light = light_of(blender.paint(one).rgb)[..., 0]
    inside = label(one, AssetStore(Catalog())).instance > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    top = light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    frame = np.concatenate([top[0], top[-1], top[:, 0], top[:, -1]])
    assert frame.mean() > 2 * top[6:-6, 6:-6].mean() > 0
    whole = blender.paint(one.model_copy(update={"objects": (made_of(bared, color=(0, 0, 0), emission=0.5),)}))
    assert whole.rgb.max() == 0


def test_scratches_grow_with_wear(painter: Any) -> None:
    shares = []
    for wear in (0.0, 0.4, 1.0):
        plate = made_of(
            thing("plane", x=4, y=4), color=(0, 0, 0), wear_color=(1, 1, 1), wear=wear, emission=0.7, wear_scale=0.3
        )
        shares.append(
            light_of(painter.paint(scene(plate, size=(96, 96), focal=96, world=DARK, render=PLAIN)).rgb).mean()
        )
    assert shares[0] == 0 < shares[1] < shares[2] < 0.3


# -- glass and varnish -----------------------------------------------------------------------------------------------


@pytest.mark.blender
def test_what_lies_behind_a_pane_without_refraction_is_seen(blender: Any) -> None:
    floor = made_of(thing("plane", x=4, y=4), color=(0.05, 0.4, 0.1), emission=1)
    bare = light_of(blender.paint(scene(floor, **SMALL)).rgb)[24, 32]
    for clear in (1.0, 0.0):
        pane = made_of(
            thing("box", (0, 0, 0.5), (1, 1, 0.01)), color=(1, 1, 1), transmission=clear, ior=1.0, roughness=0
        )
        painted = blender.paint(scene(pane, floor, **SMALL))
        assert painted.index[24, 32] == 1
        assert (np.abs(light_of(painted.rgb)[24, 32] - bare).max() < 0.01) == bool(clear)


@pytest.mark.blender
def test_glass_lets_the_light_of_lamps_through(blender: Any) -> None:
    floor = made_of(thing("plane", backdrop=True, x=4, y=4), color=(0.6, 0.6, 0.6), roughness=1)
    lamp = LightSample(name="lamp", kind="point", position=(0, 0, 1.5), power=20, size=0.01)
    under = {}
    for clear in (0.0, 1.0):
        pane = made_of(thing("box", (0, 0, 1), (1, 1, 0.02)), color=(1, 1, 1), transmission=clear, ior=1.0, roughness=0)
        one = scene(floor, pane, size=(32, 32), focal=60, position=(2, 0, 0.5), target=(0, 0, 0), world=DARK,
                    lights=(lamp,), render=RenderSample(samples=4, denoise=False))  # fmt: skip
        under[clear] = light_of(blender.paint(one).rgb)[16, 16].mean()
    bare = 0.6 * 20 / (4 * np.pi**2 * 1.5**2)
    assert under[0.0] < 0.05 * bare
    assert under[1.0] == pytest.approx(bare, rel=0.1)


@pytest.mark.blender
def test_varnish_mirrors_the_lamp(blender: Any) -> None:
    def brightest(coat: float) -> float:
        ball = made_of(thing("sphere"), color=(0.02, 0.02, 0.02), roughness=1, coat=coat)
        lamp = LightSample(name="lamp", kind="area", position=(0.5, 0, 2), power=20, size=0.5)
        shine = RenderSample(samples=8, denoise=False)
        one = scene(ball, size=(64, 48), focal=60, world=DARK, lights=(lamp,), render=shine)
        return float(light_of(blender.paint(one).rgb).max())

    assert brightest(1.0) > 3 * brightest(0.0) > 0


# -- labels ----------------------------------------------------------------------------------------------------------

FEATURES: dict[str, dict[str, Any]] = {
    "transmission": {"transmission": 1.0, "ior": 1.3, "roughness": 0.1},
    "coat": {"coat": 1.0},
    "shift": {"keep": True, "shift": (0.3, 0.2, -0.1)},
    "dirt": {"dirt": 0.5},
    "wear": {"wear": 1.0, "wear_scale": 0.1},
    "all": {"transmission": 0.5, "coat": 0.5, "dirt": 0.4, "wear": 0.7, "bump": 1.0, "emission": 0.3, "metallic": 0.4},
    "uv": {"textures": (Texture(kind="image", image="texture/brick", mapping="uv"),)},
}


@pytest.mark.blender
@pytest.mark.parametrize("name", FEATURES)
def test_no_surface_touches_the_passes(blender: Any, store: AssetStore, name: str) -> None:
    shapes = [
        thing("plane", backdrop=True, x=3, y=3), thing("sphere", (-0.3, 0.1, 0.3), (0.6, 0.6, 0.6)),
        thing("box", (0.4, 0, 0.25), (0.4, 0.5, 0.5), turn((1, 1, 3), 30)), thing("plane", (0, 0.3, 0.9), (0.5, 0.3, 1)),
    ]  # fmt: skip
    one = scene(*(made_of(shape, **FEATURES[name]) for shape in shapes), size=(64, 48), focal=60, render=PLAIN)
    painted = blender.paint(one)
    found = audit(label(one, store).with_rgb(painted.rgb), painted.index, painted.depth)
    assert found.passed and (found.disagree, found.holes) == (0, 0)
