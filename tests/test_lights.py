"""Lamps and glowing shapes: what is drawn, and how bright it comes out in watts."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing

from generator.assets.store import AssetStore
from generator.base.color import decode
from generator.base.draw import Draw
from generator.base.geometry import rotation_matrix
from generator.base.scene import LightSample, Material, ObjectSample, RenderSample, WorldSample
from generator.render.raycast import RaycastPainter
from generator.sampling.lights import lights
from generator.sampling.sampler import Sampler
from generator.sampling.scope import Scope
from generator.spec.facts import scene_facts
from generator.spec.load import load_scene
from generator.spec.surroundings import LightGroup

DARK = WorldSample(color=(0, 0, 0), strength=0)
MATT = Material(color=(0.5, 0.5, 0.5), roughness=1)
BULB = {"kind": "emissive", "shape": {"shape": "sphere"}, "position": [0, 0, 1], "color": [1, 1, 1]}
Write = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def blender(store: AssetStore) -> Iterator[Any]:
    from generator.render.blender.painter import BlenderPainter

    yield BlenderPainter(store, device="cpu")


def light_of(rgb: np.ndarray) -> np.ndarray:
    return decode(rgb.astype(float) / 255)


def samples(count: int, bounces: int = 0) -> RenderSample:
    return RenderSample(samples=count, denoise=False, bounces=bounces)


def drawn(seed: int = 0, **group: Any) -> tuple[list[LightSample], list[ObjectSample]]:
    spec = LightGroup.model_validate({"position": [0, 0, 2], **group})
    return lights({"lamps": spec}, Scope(Draw(seed)))


def floor(**size: float) -> ObjectSample:
    plane = thing("plane", backdrop=True, **{"x": 6.0, "y": 6.0, **size})
    return plane.model_copy(update={"material": MATT})


# -- what is drawn ---------------------------------------------------------------------------------------------------


def test_cone_and_blend_are_degrees_and_a_share() -> None:
    (lamp,), _ = drawn(kind="spot", cone=70, blend=0.4)
    assert lamp.cone == pytest.approx(math.radians(70)) and lamp.blend == 0.4
    (wide,), _ = drawn(kind="spot", cone={"normal": [400, 1]}, blend={"normal": [7, 0.1]})
    assert wide.cone == pytest.approx(math.pi) and wide.blend == 1


def test_lamps_cast_shadows_as_often_as_asked() -> None:
    found = drawn(count=2000, shadow=0.3)[0]
    assert sum(lamp.shadow for lamp in found) == pytest.approx(600, abs=4 * math.sqrt(2000 * 0.3 * 0.7))


def test_new_properties_leave_the_old_draws_alone() -> None:
    plain = {"kind": "spot", "power": {"uniform": [1, 9]}, "size": {"uniform": [0, 1]}}
    (one,), _ = drawn(**plain)
    (other,), _ = drawn(**plain, cone={"uniform": [10, 90]}, blend={"uniform": [0, 1]}, shadow=0.5)
    assert (one.power, one.size, one.position) == (other.power, other.size, other.position)


def test_a_glowing_shape_is_an_object_without_a_label() -> None:
    lamps, (bulb,) = drawn(**BULB, power=40, size=0.25)
    assert lamps == [] and (bulb.name, bulb.label, bulb.backdrop) == ("lamps/0", None, False)
    assert bulb.material.emission == pytest.approx(40 / (math.pi * 4 * math.pi * 0.125**2), rel=0.003)  # of triangles


def test_size_is_the_largest_extent_of_a_glowing_shape(store: AssetStore) -> None:
    _, (tube,) = drawn(**{**BULB, "shape": {"shape": "box", "x": 3, "y": 0.1, "z": 0.2}}, size=0.6)
    extent = np.ptp(store.mesh(tube.mesh).bounds, axis=0) * tube.pose.scale
    assert extent == pytest.approx([0.6, 0.02, 0.04])


@pytest.mark.parametrize("target", [(0, 0, 0), (0, 0, 2), (1, 2, 3), (-3, 0, 1)])
def test_a_glowing_sheet_faces_its_target_and_shines_to_both_sides(target: tuple[float, ...]) -> None:
    _, (sheet,) = drawn(**{**BULB, "shape": {"shape": "plane"}}, size=0.5, power=10, target=list(target))
    aim = np.array(target) - (0, 0, 1)
    assert rotation_matrix(np.array(sheet.pose.rotation))[:, 2] == pytest.approx(aim / np.linalg.norm(aim), abs=1e-9)
    assert sheet.material.emission == pytest.approx(10 / (math.pi * 2 * 0.25))


def test_kinds_may_be_mixed_in_a_group() -> None:
    kinds = {"pick": {"emissive": 1, "point": 1, "sun": 1}}
    lamps, glowing = drawn(**{**BULB, "kind": kinds}, count=300)
    counts = [len(glowing), *(sum(lamp.kind == kind for lamp in lamps) for kind in ("point", "sun"))]
    assert sum(counts) == 300 and min(counts) > 70
    names = [one.name for one in (*lamps, *glowing)]
    assert len(set(names)) == 300


SPEC = """
scene: lamps
classes: [thing]
stage: {visible: 0.5}
room: {size: [4, {uniform: [3, 5]}], windows: 0.5, ceiling: 0.5}
world: {strength: {uniform: [0, 2]}, photo: {pick: texture/*}, photos: 0.5, photo_strength: {uniform: [0.5, 1]}}
objects:
  things: {label: thing, asset: {shape: box}, place: {at: [0, 0, 0.5]}}
lights:
  lamps: {count: {integers: [1, 12]}, position: [0, 0, 2], power: {uniform: [10, 90]}, shadow: 0.7}
  glowing: {kind: emissive, shape: {shape: sphere}, count: {integers: [0, 2]}, position: [1, 0, 2], power: 5}
camera: {position: [1, 0, 1]}
"""


def test_facts_are_known_beforehand_and_lie_in_their_supports(write: Write, store: AssetStore) -> None:
    """What a spec promises to `check` is what scenes note, no more and no less."""
    spec = load_scene(write("scene.yaml", SPEC))
    known, sampler = scene_facts(spec), Sampler(spec, store, (64, 48))
    mine = {name for name in known if name.split(".")[0] in ("world", "stage", "room", "lights")}
    seen: dict[str, set[float]] = {}
    for index in range(60):
        for name, value in sampler(0, index).facts.items():
            seen.setdefault(name, set()).add(value)
            low, high = known.get(name) or (-math.inf, math.inf)
            assert low <= value <= high, name
    assert {name for name in seen if name.split(".")[0] in ("world", "stage", "room", "lights")} == mine
    assert {len(seen[f"{name}"]) for name in ("stage.visible", "room.ceiling", "world.photo")} == {2}


# -- what is painted -------------------------------------------------------------------------------------------------


@pytest.mark.blender
@pytest.mark.parametrize("shape", ["sphere", "plane"])
def test_a_glowing_shape_has_the_radiance_of_its_watts(blender: Any, shape: str) -> None:
    """Lambertian everywhere: radiance = power / (pi area), whatever the distance."""
    color = [0.9, 0.6, 0.3]
    _, (bulb,) = drawn(**{**BULB, "shape": {"shape": shape}, "color": color}, size=0.5, power=0.7, target=[0, 0, 3])
    area = {"sphere": 4 * math.pi * 0.25**2, "plane": 2 * 0.25}[shape]
    one = scene(bulb, size=(16, 16), focal=60, position=(0, 0, 3), world=DARK, render=samples(1))
    expected = decode(np.array(color)) * 0.7 / (math.pi * area)
    assert light_of(blender.paint(one).rgb)[8, 8] == pytest.approx(expected, rel=0.015, abs=0.001)


@pytest.mark.blender
def test_a_glowing_sphere_lights_the_floor_like_a_point_lamp_of_its_watts(blender: Any) -> None:
    """Outside a sphere its light is that of a point: E = power / (4 pi d**2), here from 1 m straight above."""
    _, (bulb,) = drawn(**BULB, size=0.4, power=8)
    one = scene(floor(), bulb, size=(31, 31), focal=300, position=(1.5, 0, 1), world=DARK, render=samples(32))
    assert light_of(blender.paint(one).rgb)[12:19, 12:19].mean() == pytest.approx(
        0.5 / math.pi * 8 / (4 * math.pi), rel=0.08
    )


@pytest.mark.parametrize("cone", [20, 45, 80])
@pytest.mark.parametrize("engine", ["raycast", pytest.param("cycles", marks=pytest.mark.blender)])
def test_a_spot_lights_a_disk_of_its_cone(
    request: pytest.FixtureRequest, store: AssetStore, engine: str, cone: float
) -> None:
    """From 1 m above: radius tan(cone / 2); measured as the area of lit pixels, of 3 cm each."""
    painter = RaycastPainter(store) if engine == "raycast" else request.getfixturevalue("blender")
    (lamp,), _ = drawn(kind="spot", cone=cone, blend=0, size=0.001, power=60, position=[0, 0, 1], color=[1, 1, 1])
    one = scene(
        floor(), size=(96, 96), focal=96 * 3 / 2.88, position=(0, 0, 3), world=DARK, lights=(lamp,), render=samples(4)
    )
    rim = 0.5 / math.pi * 60 / (4 * math.pi) * math.cos(math.radians(cone / 2)) ** 4
    lit = (light_of(painter.paint(one).rgb)[..., 0] > rim / 2).sum() * 0.03**2
    assert math.sqrt(lit / math.pi) == pytest.approx(math.tan(math.radians(cone / 2)), abs=0.012)


@pytest.mark.parametrize("engine", ["raycast", pytest.param("cycles", marks=pytest.mark.blender)])
def test_blend_softens_the_rim_inwards(request: pytest.FixtureRequest, store: AssetStore, engine: str) -> None:
    painter = RaycastPainter(store) if engine == "raycast" else request.getfixturevalue("blender")

    def profile(blend: float) -> np.ndarray:
        (lamp,), _ = drawn(kind="spot", cone=60, blend=blend, size=0.001, power=60, position=[0, 0, 1])
        one = scene(
            floor(), size=(96, 96), focal=100, position=(0, 0, 3), world=DARK, lights=(lamp,), render=samples(4)
        )
        return light_of(painter.paint(one).rgb)[48, 48:, 1]

    hard, soft = profile(0.0), profile(0.8)
    assert soft[1] == pytest.approx(hard[1], rel=0.1)
    assert soft[14] < 0.5 * hard[14] and soft[25] == hard[25] == 0


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["point", "area", "spot", "sun"])
def test_without_shadow_light_passes_through_everything(blender: Any, kind: str) -> None:
    """A floor below a roof: as bright as without the roof, and dark with shadows on."""
    roof = thing("box", (0, 0, 0.7), (1.5, 1.5, 0.05))

    def under(shadow: float, *more: ObjectSample) -> np.ndarray:
        lamps, _ = drawn(kind=kind, shadow=shadow, power=2 if kind == "sun" else 20, size=0.01, cone=120)
        one = scene(floor(), *more, size=(16, 16), focal=200, position=(1.2, 0, 0.6), world=DARK,
                    lights=tuple(lamps), render=samples(4))  # fmt: skip
        painted = blender.paint(one)
        assert not painted.index.any()
        return light_of(painted.rgb)

    bare = under(1.0)
    assert bare.mean() > 0.02
    assert under(0.0, roof) == pytest.approx(bare, abs=0.01)
    assert under(1.0, roof).max() < 0.02 * bare.mean()


@pytest.mark.blender
def test_twelve_lamps_shine_as_one_of_their_power(blender: Any) -> None:
    def shown(count: int) -> float:
        lamps, _ = drawn(kind="point", count=count, power=24 / count, size=0.05)
        assert len(lamps) == count
        one = scene(
            floor(), size=(16, 16), focal=300, position=(1, 0, 2), world=DARK, lights=tuple(lamps), render=samples(16)
        )
        return float(light_of(blender.paint(one).rgb).mean())

    assert shown(12) == pytest.approx(shown(1), rel=0.05)


@pytest.mark.blender
@pytest.mark.slow
def test_glowing_shapes_light_the_floor_in_eevee_too(blender: Any) -> None:
    from generator.render.blender.engines import eevee_fault

    assert eevee_fault() is None, "scripts/install brings what EEVEE needs"
    _, (bulb,) = drawn(**BULB, size=0.2, power=8)
    eevee = RenderSample(engine="eevee", samples=4)
    one = scene(floor(), bulb, size=(31, 31), focal=300, position=(1.5, 0, 1), world=DARK, render=eevee)
    assert light_of(blender.paint(one).rgb)[12:19, 12:19].mean() == pytest.approx(
        0.5 / math.pi * 8 / (4 * math.pi), rel=0.15
    )
