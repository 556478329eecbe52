"""What stays in Blender between frames must not show in them."""

from typing import Any

import numpy as np
import pytest
from conftest import scene, thing

from generator.base.scene import LightSample, Material, RenderSample, SceneSample
from generator.truth.audit import audit
from generator.truth.labels import label


@pytest.mark.blender
def test_a_scene_of_many_triangles_does_not_depend_on_what_was_before(blender: Any) -> None:
    """Its meshes stay in Blender between frames; lamps come and go, and their order decides a picture's noise."""

    from generator.render.blender.stage import worth_keeping

    def crowd(index: int, count: int, lamps: int) -> SceneSample:
        rng = np.random.Generator(np.random.Philox(index))
        glow = thing("cone", (0, 0, 0.8), (0.1, 0.1, 0.1)).model_copy(update={"material": Material(emission=5)})
        balls = [thing("sphere", rng.uniform(-0.6, 0.6, 3), (0.4,) * 3, subdivisions=5) for _ in range(count)]
        lights = tuple(
            LightSample(name=kind, kind=kind, position=(*rng.uniform(-1, 1, 2), 2.0), power=5)
            for kind in ("point", "area", "sun")[:lamps]
        )
        render = RenderSample(samples=2, denoise=False)
        return scene(*balls, *[glow] * (index % 2), size=(48, 36), focal=45, lights=lights, render=render, index=index)

    scenes = [crowd(0, 3, 2), crowd(1, 1, 3), crowd(2, 5, 1), crowd(3, 4, 0)]
    assert all(worth_keeping(one, blender.stage.store) for one in scenes)
    first = [blender.paint(one) for one in scenes]
    for k in (2, 0, 3, 1, 1, 0, 2):
        again = blender.paint(scenes[k])
        assert (again.rgb == first[k].rgb).all() and (again.depth == first[k].depth).all()
        truth = label(scenes[k], blender.stage.store).with_rgb(again.rgb)
        assert audit(truth, again.index, again.depth).passed


@pytest.mark.blender
def test_meshes_that_never_come_again_do_not_pile_up(blender: Any) -> None:
    """Each off stage would cost every later frame a millisecond. What is on stage stays, however much it is."""
    import bpy

    from generator.render.blender.bodies import OFF_STAGE
    from generator.render.blender.stage import LASTING

    def crowd(index: int, count: int, subdivisions: int) -> SceneSample:
        balls = [
            thing("sphere", (0.1 * k, 0, 0), (0.1,) * 3, subdivisions=subdivisions, radius=0.5 + 0.01 * index)
            for k in range(count)
        ]
        return scene(*balls, size=(12, 9), focal=12, render=RenderSample(samples=1, denoise=False), index=index)

    def bodies() -> int:
        return sum(one.name.startswith("body") for one in bpy.data.objects)

    bound = LASTING // (5120 + OFF_STAGE)
    for index in range(bound + 5):
        blender.paint(crowd(index, 1, 4))
    assert 1 < bodies() <= bound
    blender.paint(crowd(0, bound + 5, 4))
    assert bodies() == bound + 5
    blender.paint(crowd(99, 3, 2))
    assert 0 < bodies() <= bound, "320 triangles are not worth a body"
