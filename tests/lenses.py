"""Every kind of lens, a crowd to see through it, and labels that have no faults."""

import numpy as np
import pytest
from conftest import thing

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.lens import Lens
from generator.base.scene import ObjectSample, SceneSample
from generator.truth.labels import label


def rays(sample: SceneSample) -> np.ndarray:
    """Pixel-centre directions of a camera (h, w, 3), z = 1, written without the product's code."""
    v, u = np.mgrid[: sample.height, : sample.width]
    f = sample.camera.focal_pixels
    return np.stack([(u + 0.5 - sample.width / 2) / f, (v + 0.5 - sample.height / 2) / f, np.ones_like(u, float)], 2)


def labelled(sample: SceneSample, store: AssetStore) -> Frame:
    frame = label(sample, store)
    assert frame.faults() == []
    return frame


LENSES = {
    "pinhole": (Lens(), 100.0),
    "barrel": (Lens(kind="brown", k=(-0.25, 0.06, -0.004), p=(0.004, -0.006)), 100.0),
    "pincushion": (Lens(kind="brown", k=(0.15,)), 100.0),
    "folding": (Lens(kind="brown", k=(-0.6,)), 100.0),
    "equidistant": (Lens(kind="equidistant"), 40.0),
    "kannala_brandt": (Lens(kind="kannala_brandt", k=(-0.03, 0.005, -0.001)), 40.0),
    "blind": (Lens(kind="kannala_brandt", k=(-0.25,)), 60.0),
}
lenses = pytest.mark.parametrize("name", LENSES)


def shot(one: SceneSample, **changes: object) -> SceneSample:
    """The same scene through another camera."""
    return one.model_copy(update={"camera": one.camera.model_copy(update=changes)})


def through(name: str, one: SceneSample) -> SceneSample:
    lens, focal = LENSES[name]
    return shot(one, lens=lens, focal_pixels=focal, aspect=1.2, shift=(0.05, -0.1))


def crowd(seed: int) -> list[ObjectSample]:
    """Things all around a camera at the origin, some of them large, behind it, or about it."""
    rng = np.random.Generator(np.random.Philox(seed))
    things = [thing("plane", (0, 0, -0.5), x=8, y=8, label=None, backdrop=True)]
    for shape in ("sphere", "box", "torus", "cone", "prism", "cylinder") * 2:
        scale = np.full(3, rng.choice([0.2, 0.5, 1.0]))
        things.append(thing(shape, rng.uniform(-1.2, 1.2, 3), scale, rng.normal(size=4)))
    return things
