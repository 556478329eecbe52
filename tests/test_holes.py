"""Textures that cut holes: Blender and the rays see the same ones."""

import pytest
from conftest import scene, thing, turn
from meshing import Meshes, made, sheet
from test_oracle import leaf

from generator.base.scene import LightSample, Material, RenderSample
from generator.render.painter import make_painter
from generator.truth.labels import label

LAMP = LightSample(name="sun", kind="sun", position=(0, 0, 1), power=3.0)


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
