"""Scenes as pure functions of (spec, assets, seed, index)."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from test_spec import SCENE

from generator.assets.catalog import Catalog
from generator.assets.loading import load_mesh
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.errors import AssetError, PlacementError
from generator.base.geometry import rotation_matrix
from generator.base.scene import ObjectSample, SceneSample
from generator.distributions.base import Value
from generator.sampling.sampler import Sampler
from generator.spec.load import load_scene
from generator.spec.yaml import read

Write = Callable[[str, str], Path]


@pytest.fixture
def sampler(write: Write, store: AssetStore) -> Callable[[str], Sampler]:
    def make(text: str) -> Sampler:
        return Sampler(load_scene(write("scene.yaml", text)), store, (64, 48))

    return make


def test_the_same_scene_alone_or_in_any_order(sampler: Callable[[str], Sampler]) -> None:
    one, other = sampler(SCENE), sampler(SCENE)
    forward = [one(0, i) for i in range(6)]
    backward = [other(0, i) for i in reversed(range(6))][::-1]
    assert forward == backward and len({s.model_dump_json() for s in forward}) == 6
    assert one(1, 0) != one(0, 0)


def test_a_scene_survives_json(sampler: Callable[[str], Sampler]) -> None:
    scene = sampler(SCENE)(0, 3)
    assert SceneSample.model_validate_json(scene.model_dump_json()) == scene
    assert json.loads(scene.model_dump_json())["format"] == 1


def by_name(scene: SceneSample) -> dict[str, ObjectSample]:
    return {o.name: o for o in scene.objects}


def test_more_lights_and_groups_leave_the_rest_as_it_was(sampler: Callable[[str], Sampler], write: Write) -> None:
    """Insertion freedom: a new group before and a third lamp change nothing that was there."""
    spec = read(write("plain.yaml", SCENE)).data
    spec["lights"]["lamps"]["count"] = 3
    spec["objects"]["zzz"] = {"asset": {"shape": "box"}, "label": "none", "place": {"at": [0, 0, 5]}}
    before, after = sampler(SCENE)(0, 2), sampler(yaml.safe_dump(spec))(0, 2)
    assert before.camera == after.camera and before.world == after.world and after.lights[:2] == before.lights
    assert all(by_name(after)[name] == one for name, one in by_name(before).items())


def test_more_objects_leave_earlier_ones_as_they_were(sampler: Callable[[str], Sampler]) -> None:
    few, many = (sampler(SCENE.replace("{integers: [1, 4]}", str(n)))(0, 5) for n in (2, 4))
    assert [by_name(many)[name] for name in by_name(few)] == list(by_name(few).values())


def test_nothing_on_the_stage_overlaps_and_everything_stands_on_it(
    sampler: Callable[[str], Sampler], store: AssetStore
) -> None:
    crowded = SCENE.replace("{integers: [1, 4]}", "12")
    for index in range(10):
        balls = [o for o in sampler(crowded)(0, index).objects if o.label]
        centers = np.array([o.pose.position for o in balls])
        radii = np.array([o.mesh.params["radius"] for o in balls])
        apart = np.linalg.norm(centers[:, None] - centers[None], axis=2) - radii[:, None] - radii[None]
        assert apart[~np.eye(len(balls), dtype=bool)].min() >= 0.005 - 0.002, "faces lie up to 1 mm within the sphere"
        for one in balls:
            body = store.mesh(one.mesh).vertices @ rotation_matrix(np.array(one.pose.rotation)).T
            assert body[:, 2].min() + one.pose.position[2] == pytest.approx(0, abs=1e-6)


def test_a_scene_that_cannot_be_filled_says_so(sampler: Callable[[str], Sampler]) -> None:
    with pytest.raises(PlacementError, match=r"scene 0 of seed 0: no room for balls/\d+ .* enlarge `area`"):
        sampler(SCENE.replace("{integers: [1, 4]}", "400"))(0, 0)


def test_a_scale_of_0_is_told_where_it_is_drawn(sampler: Callable[[str], Sampler]) -> None:
    """A shared value may say that there is none of a thing, and that it would have no size."""
    text = SCENE.replace("shared: {", "shared: {there: {integers: [0, 1]}, ")
    both = sampler(text.replace("count: {integers: [1, 4]}", "count: {ref: there}\n    scale: [1, 1, {ref: there}]"))
    assert {both(0, index).facts["objects.balls.count"] for index in range(8)} == {0, 1}
    with pytest.raises(PlacementError, match=r"balls/\d: its scale was drawn as 0; keep `scale` above 0"):
        sampler(text.replace("    label: ball", "    label: ball\n    scale: {pick: {0: 99, 1: 1}}"))(0, 0)


def test_floating_objects_are_in_view(sampler: Callable[[str], Sampler]) -> None:
    text = SCENE.replace("{on: stage, area: [1, 1]}", "{in: frustum, depth: [0.5, 1]}")
    for index in range(20):
        scene = sampler(text)(0, index)
        camera = scene.camera.at(64, 48)
        pixels, depth = camera.project(np.array([o.pose.position for o in scene.objects if o.label]))
        assert (depth >= 0.5).all() and (depth <= 1).all()
        assert (pixels >= 0).all() and (pixels <= [64, 48]).all()


def test_facts_are_what_was_drawn(sampler: Callable[[str], Sampler]) -> None:
    scene = sampler(SCENE)(0, 1)
    assert scene.facts["world.strength"] == scene.world.strength and scene.facts["lights.lamps.count"] == 2
    assert scene.facts["objects.balls.count"] == sum(o.label is not None for o in scene.objects)
    assert np.linalg.norm(scene.camera.position) == pytest.approx(scene.facts["camera.distance"])


def test_blur_in_pixels_of_a_size_is_as_much_of_every_picture(write: Write, store: AssetStore) -> None:
    """And an edge case by it holds of the same scenes at every size; without `pixels_of`, pixels are pixels."""
    law = "blur: {uniform: [0.5, 2]}, motion: {uniform: [1, 14]}, chromatic: {uniform: [-1, 1]}, noise: 0.01"
    scene = "sensor: {%s%s}\n" + SCENE + "  smeared: {sensor.motion: {above: 4}}\n"

    def sensors(size: tuple[int, int], key: str) -> list[SceneSample]:
        make = Sampler(load_scene(write("scene.yaml", scene % (key, law))), store, size)
        return [make(0, index) for index in range(5)]

    for one, half, pixels, same in zip(
        sensors((416, 312), "pixels_of: 416, "), sensors((156, 208), "pixels_of: 416, "), sensors((156, 208), ""),
        sensors((156, 208), "pixels_of: 208, "), strict=True,
    ):  # fmt: skip
        for name in ("blur", "motion", "chromatic"):
            drawn = one.facts[f"sensor.{name}"]
            assert getattr(one.sensor, name) == drawn == getattr(pixels.sensor, name) == getattr(same.sensor, name)
            assert getattr(half.sensor, name) == drawn / 2 and half.facts[f"sensor.{name}"] == drawn
        assert half.sensor.noise == one.sensor.noise == 0.01 and half.sensor.motion_angle == one.sensor.motion_angle


def test_what_happens_by_chance_is_a_fact_as_it_happened(sampler: Callable[[str], Sampler]) -> None:
    chances = "sensor: {monochrome: 0.5}\nrender: {denoise: 0.5}\n"
    make = sampler(
        chances + SCENE + "  grey: {sensor.monochrome: {above: 0.5}}\n  noisy: {render.denoise: {below: 0.5}}\n"
    )
    scenes = [make(0, index) for index in range(12)]
    assert [s.facts["sensor.monochrome"] for s in scenes] == [float(s.sensor.monochrome) for s in scenes]
    assert [s.facts["render.denoise"] for s in scenes] == [float(s.render.denoise) for s in scenes]
    assert {s.sensor.monochrome for s in scenes} == {s.render.denoise for s in scenes} == {True, False}
    assert make.foreseen(0, 3, ("sensor",))["sensor.monochrome"] == scenes[3].sensor.monochrome


def test_counts_are_facts_as_whole_numbers(sampler: Callable[[str], Sampler]) -> None:
    text = SCENE.replace("{integers: [1, 4]}", "{uniform: [0.6, 2.9]}").replace(
        "count: 2", "count: {uniform: [0.6, 2.9]}"
    )
    make = sampler(text + "  three: {objects.balls.count: {at_least: 3}, lights.lamps.count: {at_least: 3}}\n")
    scenes = [make(0, index) for index in range(12)]
    counts = [sum(o.label is not None for o in scene.objects) for scene in scenes]
    assert [s.facts["objects.balls.count"] for s in scenes] == counts and set(counts) == {1, 2, 3}
    assert [s.facts["lights.lamps.count"] for s in scenes] == [len(s.lights) for s in scenes]


def test_laws_without_ends_are_moved_to_their_bounds(sampler: Callable[[str], Sampler]) -> None:
    """By the same law drawn outside of any scene: what lies within is as it was drawn."""
    laws = {"contrast": [1, 0.6], "rescale": [0.8, 0.3], "jpeg": [95, 5], "noise": [0, 1]}
    ends = {"contrast": (0, np.inf), "rescale": (0.01, 1), "jpeg": (0, 100), "noise": (0, np.inf)}
    make = sampler(f"sensor: {{{', '.join(f'{name}: {{normal: {law}}}' for name, law in laws.items())}}}\n" + SCENE)
    outside = 0
    for index in range(40):
        facts = make.foreseen(0, index, ("sensor",))
        for name, law in laws.items():
            free = Value("scalar").parse({"normal": law}).sample(Draw(0, index) / "sensor" / name)
            assert facts[f"sensor.{name}"] == np.clip(free, *ends[name])
            outside += facts[f"sensor.{name}"] != free
    assert outside > 20


def test_shared_values_are_shared_and_materials_differ(sampler: Callable[[str], Sampler]) -> None:
    scene = sampler(SCENE.replace("{integers: [1, 4]}", "3"))(0, 1)
    assert len({o.material.color for o in scene.objects if o.label}) == 1
    assert len({o.mesh.params["radius"] for o in scene.objects if o.label}) == 3


CUBE = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n"


def test_files_are_found_labelled_and_hashed(write: Write, tmp_path: Path) -> None:
    write("assets/mugs/blue.obj", CUBE)
    write("assets/mugs/asset.yaml", "licence: CC0-1.0\nsource: made here\nscale: 0.1\nup: y\nlabel: mug\n")
    catalog = Catalog.open(tmp_path / "assets")
    asset = catalog["mugs/blue"]
    assert (asset.label, asset.licence, asset.scale) == ("mug", "CC0-1.0", 0.1)
    assert catalog.glob("mugs/*", ("mesh",)) == ["mugs/blue"] and catalog.glob("mugs/*", ("image",)) == []
    mesh = load_mesh(asset.path, asset.up, asset.scale)
    assert mesh.bounds == pytest.approx(np.array([[0, -0.1, 0], [0.1, 0, 0.1]])), "y up becomes z up, right-handed"
    with pytest.raises(AssetError, match="did you mean 'mugs/blue'"):
        catalog["mugs/bleu"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not finite"),
        ("a.obj", "v 0 0 0\nv 1 0 0\n", "no triangles|cannot be read"),
        ("a.obj", "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n", "no extent"),
        ("a.glb", "this is no glb", "cannot be read as a mesh"),
        ("a.stl", "", "cannot be read|no triangles"),
    ],
)
def test_broken_meshes_are_named(write: Write, name: str, text: str, message: str) -> None:
    with pytest.raises(AssetError, match=message):
        load_mesh(write(name, text))


def test_a_mesh_that_changed_since_is_refused(write: Write, tmp_path: Path) -> None:
    write("assets/a.obj", CUBE)
    text = SCENE.replace("{shape: sphere, radius: {uniform: [0.05, 0.1]}}", "{pick: a}\n    scale: 0.1")
    spec = load_scene(write("scene.yaml", text))
    ref = Sampler(spec, AssetStore(Catalog.open(tmp_path / "assets")), (64, 48))(0, 0).objects[1].mesh
    write("assets/a.obj", CUBE.replace("v 1 0 0", "v 2 0 0"))
    with pytest.raises(AssetError, match="has changed since"):
        AssetStore(Catalog.open(tmp_path / "assets")).mesh(ref)
