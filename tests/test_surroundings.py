"""Stage, room, and world: what is drawn, what the label rays meet, what the painters show."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from conftest import scene, thing
from PIL import Image

from generator.assets.catalog import Catalog
from generator.assets.shapes import SHAPES
from generator.assets.store import AssetStore
from generator.base.color import decode
from generator.base.draw import Draw
from generator.base.errors import AssetError
from generator.base.scene import Material, ObjectSample, RenderSample, Texture, WorldSample
from generator.render.photo import cover
from generator.render.raycast import RaycastPainter
from generator.render.tone import develop
from generator.sampling.scope import Scope
from generator.sampling.surroundings import THICK, room, stage, world
from generator.spec.surroundings import RoomSpec, StageSpec, WorldSpec
from generator.truth.audit import audit
from generator.truth.labels import label

DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)
NOISE = {"uniform": [0, 1]}


def scope(seed: int = 0, index: int = 0, catalog: Catalog | None = None) -> Scope:
    return Scope(Draw(seed, index), catalog or Catalog())


def rooms(index: int = 0, **spec: Any) -> list[ObjectSample]:
    return room(RoomSpec.model_validate(spec), scope(index=index))


# -- the stage -------------------------------------------------------------------------------------------------------


def test_the_stage_is_seen_as_often_as_asked_and_keeps_its_size() -> None:
    spec = StageSpec.model_validate({"size": [2, {"uniform": [1, 2]}], "visible": 0.3})
    seen = 0
    for index in range(500):
        now = scope(index=index)
        found = stage(spec, now)
        assert now.facts["stage.visible"] == len(found) and 1 <= now.facts["stage.size.y"] <= 2
        seen += len(found)
    assert seen == pytest.approx(150, abs=4 * np.sqrt(500 * 0.3 * 0.7))


# -- walls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [{}, {"window_x": 1.0, "window_z": 0.8, "across": -0.6, "sill": 0.9}])
def test_a_wall_is_a_closed_body_with_a_hole(window: dict[str, float]) -> None:
    made = SHAPES["wall"](x=4, z=2.5, depth=0.2, **window)
    body = trimesh.Trimesh(made.vertices, made.faces, process=False)
    assert body.is_watertight and body.is_winding_consistent and body.euler_number == (0 if window else 2)
    assert body.volume == pytest.approx(0.2 * (4 * 2.5 - (0.8 if window else 0)), rel=1e-5)
    assert made.bounds == pytest.approx(np.array([[-2, 0, 0], [2, 0.2, 2.5]]))
    front = np.abs(body.triangles[..., 1]).max(1) < 1e-6
    assert (body.face_normals[front, 1] < -0.99).all()
    assert body.area_faces[front].sum() == pytest.approx(10 - (0.8 if window else 0), rel=1e-5)
    assert made.uv is not None
    assert made.uv[front] * (4, 2.5) == pytest.approx(made.vertices[made.faces[front]][..., [0, 2]] + (2, 0), abs=1e-5)


@pytest.mark.parametrize(
    "wrong", [{"window_x": 5, "window_z": 1}, {"window_x": 1, "window_z": 1, "sill": 2}, {"depth": 0}]
)
def test_a_wall_refuses_a_window_that_does_not_fit(wrong: dict[str, float]) -> None:
    with pytest.raises(AssetError, match="more width and height than its window"):
        SHAPES["wall"](**wrong)


# -- the room --------------------------------------------------------------------------------------------------------


def views(count: int, half: float, height: float) -> list[dict[str, Any]]:
    """Cameras anywhere in the middle of a room, looking anywhere."""
    rng = np.random.Generator(np.random.Philox(8))
    places = [rng.uniform((-half, -half, 0.2), (half, half, height - 0.2)) for _ in range(count)]
    return [{"position": place, "target": place + rng.normal(size=3)} for place in places]


@pytest.mark.parametrize("floor", [True, False])
def test_a_closed_room_covers_every_pixel(store: AssetStore, floor: bool) -> None:
    """Whether there is a stage or not, and wherever the camera stands and looks."""
    walls = rooms(size=[4, 3], height=2.4, windows=0)
    ground = [thing("plane", backdrop=True, x=2, y=2)] if floor else []
    for view in views(12, 1.2, 2.4):
        frame = label(scene(*ground, *walls, thing("box"), size=(64, 48), focal=40, **view), store)
        assert np.isfinite(frame.depth).all()
        assert set(np.unique(frame.instance)) <= {0, 1}
    assert len(walls) == 6 and all(one.backdrop and one.label is None for one in walls)


@pytest.mark.parametrize("direction", [(0, 1, 0), (-1, 0, 0), (0, -1, 0), (1, 0, 0), (0, 0.001, -1), (0, 0.001, 1)])
def test_walls_stand_where_the_size_says(store: AssetStore, direction: tuple[float, ...]) -> None:
    walls = rooms(size=[6, 4], height=2.5, windows=0)
    frame = label(scene(*walls, size=(8, 8), focal=40, position=(0, 0, 1), target=np.add((0, 0, 1), direction)), store)
    expected = {0: 3, 1: 2, 2: 1.5 if direction[2] > 0 else 1.001}[int(np.argmax(np.abs(direction)))]
    assert frame.depth == pytest.approx(expected, rel=0.002)


def test_windows_and_missing_ceilings_let_the_camera_out(store: AssetStore) -> None:
    def open_share(walls: list[ObjectSample], **view: Any) -> float:
        return float(
            np.isinf(label(scene(*walls, size=(64, 48), focal=30, position=(0, 0, 1.3), **view), store).depth).mean()
        )

    level = {"target": (0, 5, 1.3)}
    assert 0.01 < open_share(rooms(windows=1), **level) < 0.5
    assert open_share(rooms(windows=0), **level) == 0
    assert open_share(rooms(windows=0, ceiling=0), target=(0, 0.1, 9)) > 0.3


def test_windows_always_fit(store: AssetStore) -> None:
    wild = {"width": {"uniform": [0.01, 9]}, "height": {"uniform": [0.01, 9]}, "sill": {"uniform": [-1, 4]}}
    size = [{"uniform": [0.5, 6]}, {"uniform": [0.5, 6]}]
    found = 0
    for index in range(100):
        for wall in rooms(index, size=size, height={"uniform": [0.3, 4]}, windows=1, window=wild)[:4]:
            params = wall.mesh.params
            low, high = store.mesh(wall.mesh).bounds
            found += "window_x" in params
            corner = THICK if wall.name[-1] in "02" else 0
            if "window_x" in params:
                assert abs(params["across"]) + params["window_x"] / 2 <= high[0] - corner - 0.05 + 1e-6
                assert (
                    low[2] + 0.05 - 1e-6
                    <= params["sill"]
                    <= params["sill"] + params["window_z"]
                    <= high[2] - 0.05 + 1e-6
                )
    assert found == 400


def test_each_wall_has_a_material_of_its_own_that_windows_leave_alone() -> None:
    paint = {"color": {"hsv": [NOISE, NOISE, NOISE]}}
    plain, pierced = rooms(walls=paint, windows=0), rooms(walls=paint, windows=1, ceiling=0)
    assert len({one.material for one in plain[:4]}) == 4
    assert [one.material for one in plain[:4]] == [one.material for one in pierced[:4]]
    assert [one.name for one in plain] == [*(f"room/walls/{k}" for k in range(4)), "room/floor", "room/roof"]


@pytest.mark.blender
def test_rays_and_cycles_agree_in_a_room(blender: Any, store: AssetStore) -> None:
    for view in views(3, 1.0, 2.4):
        one = scene(*rooms(size=[4, 3], height=2.4, windows=1), thing("sphere", (0, 0, 0.5)), size=(64, 48), focal=40,
                    render=PLAIN, **view)  # fmt: skip
        painted = blender.paint(one)
        found = audit(label(one, store).with_rgb(painted.rgb), painted.index, painted.depth)
        assert (found.disagree, found.holes) == (0, 0) and found.depth_error < 1e-4


@pytest.mark.blender
def test_light_comes_in_through_windows_only(blender: Any) -> None:
    def inside(**spec: Any) -> float:
        one = scene(*rooms(size=[3, 3], **spec), size=(24, 24), focal=20, position=(0, -1, 1.2), target=(0, 3, 0.5),
                    world=WorldSample(color=(1, 1, 1)), render=RenderSample(samples=8, denoise=False))  # fmt: skip
        painted = blender.paint(one)
        return float(painted.rgb[np.isfinite(painted.depth)].mean())

    assert inside(windows=0) == 0
    assert inside(windows=1) > 30


# -- the world -------------------------------------------------------------------------------------------------------


def photograph(folder: Path, width: int, height: int) -> np.ndarray:
    """A smooth picture without any symmetry, also written to disk as ``photos/one``."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    waves = np.stack([x, y**2, 0.5 + 0.5 * np.sin(9 * x + 5 * y)], -1)
    picture = (20 + 170 * waves).astype(np.uint8)
    (folder / "photos").mkdir(exist_ok=True)
    Image.fromarray(picture).save(folder / "photos" / "one.png")
    return picture


def test_cover_cuts_the_middle_and_mirrors(tmp_path: Path) -> None:
    picture = photograph(tmp_path, 96, 48)
    assert (cover(picture, 96, 48) == picture).all()
    assert (cover(picture, 48, 48) == picture[:, 24:72]).all()
    assert (cover(picture, 96, 24) == picture[12:36]).all()
    assert (cover(picture, 48, 48, mirror=True) == picture[:, 24:72][:, ::-1]).all()
    halves = picture.reshape(24, 2, 48, 2, 3).mean((1, 3))
    assert np.abs(cover(picture, 48, 24)[2:-2, 2:-2] - halves[2:-2, 2:-2]).max() <= 2
    assert cover(picture, 61, 17).shape == (17, 61, 3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("shape", [(64, 48), (128, 48), (64, 90)])
def test_an_empty_scene_shows_its_photo(painter: Any, tmp_path: Path, shape: tuple[int, int], mirror: bool) -> None:
    """At matching resolution pixel for pixel, whatever the camera and the light; stops and tone are the scene's."""
    width, height = shape
    picture = photograph(tmp_path, width, height)
    middle = picture[(height - 48) // 2 :, (width - 64) // 2 :][:48, :64]
    painter.lend(AssetStore(Catalog.open(tmp_path)))
    around = WorldSample(color=(0.2, 0, 0), photo="photos/one", mirror=mirror, photo_strength=0.5)
    render = PLAIN.model_copy(update={"exposure": 0.6})
    one = scene(size=(64, 48), focal=50, position=(3, 1, 2), world=around, render=render)
    expected = develop(0.5 * decode((middle[:, ::-1] if mirror else middle).astype(np.float32) / 255), 0.6)
    assert np.abs(painter.paint(one).rgb.astype(int) - expected).max() <= 1


@pytest.mark.blender
@pytest.mark.slow
def test_an_empty_scene_shows_its_photo_in_eevee_too(blender: Any, tmp_path: Path) -> None:
    from generator.render.blender.engines import eevee_fault

    assert eevee_fault() is None, "scripts/install brings what EEVEE needs"
    picture, kept = photograph(tmp_path, 64, 48), blender.stage.store
    blender.stage.store = AssetStore(Catalog.open(tmp_path))
    try:
        seen = WorldSample(color=(0.2, 0, 0), photo="photos/one")
        rgb = blender.paint(scene(size=(64, 48), world=seen, render=RenderSample(engine="eevee", samples=1))).rgb
    finally:
        blender.stage.store = kept
    expected = develop(decode(picture.astype(np.float32) / 255)).astype(int)
    assert np.abs(rgb[2:-2, 2:-2] - expected[2:-2, 2:-2]).max() <= 8  # EEVEE filters over a pixel and a half


def test_a_photo_and_a_pattern_light_nothing(painter: Any, tmp_path: Path) -> None:
    photograph(tmp_path, 64, 48)
    painter.lend(AssetStore(Catalog.open(tmp_path)))
    floor = thing("plane", backdrop=True, x=9, y=9).model_copy(update={"material": Material(roughness=1)})
    quality = RenderSample(samples=32, denoise=False)
    shown = [
        painter.paint(
            scene(floor, size=(16, 16), render=quality, world=WorldSample(color=(0.5, 0.4, 0.3), **more))
        ).rgb.mean((0, 1))
        for more in (
            {},
            {"photo": "photos/one", "photo_strength": 50},
            {"pattern": Texture(kind="checker", color=(9, 9, 9))},
        )
    ]
    assert shown[1] == pytest.approx(shown[0], rel=0.01) and shown[2] == pytest.approx(shown[0], rel=0.01)


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["checker", "gradient"])
def test_a_pattern_lies_on_directions(blender: Any, store: AssetStore, kind: Any) -> None:
    """The same in both painters, which compute it apart; the camera's place does not matter."""
    seen = WorldSample(
        color=(0.1, 0.3, 0.1), strength=1.5, pattern=Texture(kind=kind, color=(0.4, 0.1, 0.3), scale=0.4)
    )
    one = scene(size=(64, 48), focal=50, position=(5, 2, 3), target=(5.3, 3, 3.4), world=seen, render=PLAIN)
    cycles, rays = blender.paint(one).rgb.astype(int), RaycastPainter(store).paint(one).rgb.astype(int)
    assert len(np.unique(rays.reshape(-1, 3), axis=0)) > 1
    assert (np.abs(cycles - rays).max(-1) > 1).mean() < 0.005


def test_photos_come_as_often_as_asked_and_half_of_them_mirrored() -> None:
    catalog, counts = Catalog.open(), np.zeros(2)
    spec = WorldSpec.model_validate({"photo": {"pick": "texture/*"}, "photos": 0.25, "mirror": 0.5})
    for index in range(800):
        now = scope(index=index, catalog=catalog)
        drawn = world(spec, now)
        counts += bool(drawn.photo), drawn.mirror
        assert now.facts["world.photo"] == bool(drawn.photo) and (drawn.photo or not drawn.mirror)
        assert bool(drawn.photo_sha256) == bool(drawn.photo)
    assert counts[0] == pytest.approx(200, abs=4 * np.sqrt(800 * 0.25 * 0.75))
    assert counts[1] == pytest.approx(counts[0] / 2, abs=4 * np.sqrt(counts[0] / 4))


def test_photo_and_pattern_leave_light_and_turn_alone() -> None:
    catalog = Catalog.open()
    plain = {"color": {"rgb": [NOISE, NOISE, NOISE]}, "strength": NOISE}
    more = {**plain, "photo": {"pick": "texture/*"}, "pattern": {"kind": "noise"}}
    one, other = (world(WorldSpec.model_validate(spec), scope(catalog=catalog)) for spec in (plain, more))
    fields = {"color", "strength", "rotation"}
    assert one.model_dump(include=fields) == other.model_dump(include=fields)
    assert other.pattern is not None and other.photo


@pytest.mark.blender
def test_photos_of_frames_before_are_gone(blender: Any, tmp_path: Path) -> None:
    """Neither seen again, though Blender may put a new picture where an old one lay, nor kept in memory."""
    import bpy

    for k in range(6):
        (tmp_path / str(k)).mkdir()
        Image.new("RGB", (64, 48), (40 * k, 200 - 30 * k, 90)).save(tmp_path / str(k) / "flat.png")
    kept, blender.stage.store = blender.stage.store, AssetStore(Catalog.open(tmp_path))
    try:
        before = len(bpy.data.images)
        for k in (0, 1, 2, 3, 4, 5, 0, 3):
            shown = blender.paint(scene(size=(64, 48), render=PLAIN, world=WorldSample(photo=f"{k}/flat"))).rgb
            assert np.abs(shown.reshape(-1, 3) - np.array([40 * k, 200 - 30 * k, 90])).max() <= 1
            assert len(bpy.data.images) == before
    finally:
        blender.stage.store = kept
