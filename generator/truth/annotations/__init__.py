"""Optional labels of a frame, one a file: what each means, where it is kept, how it is measured.

A file's name is the label's name in `labels:` of a config. What every frame has anyway is not here: picture, instance
ids, and per instance box, fractions, occluders, pose, size and keypoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from generator.assets.store import AssetStore
from generator.base.errors import GeneratorError
from generator.base.frame import Frame
from generator.base.geometry import Array
from generator.base.registry import Registry
from generator.base.scene import ObjectSample, SceneSample
from generator.truth import coding
from generator.truth.subsamples import Subsamples, subsamples


@dataclass(frozen=True, eq=False)
class Shot:
    """What there is to measure: a labelled frame, its scene, and the meshes in it."""

    frame: Frame
    sample: SceneSample
    store: AssetStore | None = None

    @property
    def meshes(self) -> AssetStore:
        """The meshes, or a GeneratorError: some labels need more than the frame."""
        if self.store is None:
            raise GeneratorError("this label is measured on meshes; give the store of the frame's assets")
        return self.store

    @property
    def instances(self) -> list[tuple[int, ObjectSample]]:
        """Objects with their ids."""
        return list(enumerate(self.sample.instances, start=1))

    @cached_property
    def points(self) -> Array:
        """Surface points (h, w, 3) in the camera frame, metres; not finite where nothing is."""
        return self.frame.camera.points(self.frame.depth)

    @cached_property
    def fine(self) -> Subsamples:
        """Point samples within the pixels that can be mixed."""
        return subsamples(self.frame, self.sample, self.meshes)


@dataclass(frozen=True)
class Annotation:
    """One label. `part` is its file's name in a frame, "" for what stands among the frame's facts; its suffix says how
    it is encoded. `about` is its definition: type, unit, frame of reference, and what it holds where nothing is."""

    part: str
    about: str
    measure: Callable[[Shot], Any]

    def encode(self, value: Any) -> bytes:
        return coding.encode(self.part, value)

    def decode(self, data: bytes) -> Any:
        return coding.decode(self.part, data)


ANNOTATIONS: Registry[Annotation] = Registry("label", "generator.truth.annotations")
Measure = Callable[[Shot], Any]


def annotation(name: str, part: str, about: str) -> Callable[[Measure], Measure]:
    """Register a function that measures a label.

    >>> @annotation("distance", "distance.npz", "float32 metres")
    ... def distance(shot: Shot) -> NDArray[np.float32]: ...
    """

    def register(measure: Measure) -> Measure:
        ANNOTATIONS(name)(Annotation(part, about, measure))
        return measure

    return register
