"""Images that come and go: what is painted is what the scene names, whatever was shown before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing
from painting import DARK, PLAIN
from PIL import Image

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.scene import Material, SceneSample, Texture, WorldSample

COUNT, SIDE = 12, 64
COLORS = np.array([(r, g, b) for r in (30, 170) for g in (30, 170) for b in (20, 100, 180)], np.uint8)


@pytest.fixture
def stage(blender: Any, tmp_path: Path) -> Any:
    """The painter's, with flat pictures to show, of which it may keep two between frames."""
    (tmp_path / "flat").mkdir()
    for k, color in enumerate(COLORS):
        Image.fromarray(np.broadcast_to(color, (SIDE, SIDE, 3))).save(tmp_path / "flat" / f"{k}.png")
    stage = blender.stage
    store, capacity = stage.store, stage.images.capacity
    stage.store, stage.images.capacity = AssetStore(Catalog.open(tmp_path)), 2 * SIDE**2
    yield stage
    stage.store, stage.images.capacity = store, capacity


def told(rgb: np.ndarray) -> list[int]:
    """Which pictures pixels (n, 3) are of."""
    found = np.abs(rgb[:, None].astype(int) - COLORS).sum(-1)
    assert found.min(1).max() < 30
    return found.argmin(1).tolist()


def tiles(names: list[int], shape: str) -> SceneSample:
    """Objects side by side that glow in the colours of these pictures."""
    things = []
    for k, name in enumerate(names):
        look = Texture(kind="image", image=f"flat/{name}", mapping="uv")
        paint = Material(color=(0, 0, 0), textures=(look,), emission=1)
        things.append(thing(shape, (k - (len(names) - 1) / 2, 0, 0)).model_copy(update={"material": paint}))
    return scene(*things, size=(16 * len(names), 16), focal=32, world=DARK, render=PLAIN)


@pytest.mark.blender
@pytest.mark.parametrize("shape", ["plane", "sphere"])  # few triangles, and so many that bodies stay between frames
def test_no_picture_takes_the_place_of_one_that_was_let_go(blender: Any, stage: Any, shape: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        names = rng.choice(COUNT, 3, replace=False).tolist()
        assert told(blender.paint(tiles(names, shape)).rgb[8, 8::16]) == names


@pytest.mark.blender
def test_photographs_behind_scenes_change_with_them(blender: Any, stage: Any) -> None:
    rng = np.random.default_rng(2)
    for name in rng.choice(COUNT, 30).tolist():
        world = WorldSample(photo=f"flat/{name}", color=(0, 0, 0), strength=0)
        one = scene(size=(16, 16), focal=32, world=world, render=PLAIN)
        assert told(blender.paint(one).rgb[8, 8:9]) == [name]
