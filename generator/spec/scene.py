"""`SceneSpec`: what *may* appear. Constants or distributions; metres, degrees, watts, kelvin."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from generator.base.errors import did_you_mean
from generator.base.splits import FIRST
from generator.base.strict import Fault, Strict, faults, nested
from generator.spec import edges
from generator.spec.edges import EdgeCase
from generator.spec.materials import DeformSpec, MaterialSpec, ShiftSpec, TextureSpec
from generator.spec.objects import CurriculumSpec, ObjectGroup, PhysicsSpec, Place, Volume
from generator.spec.optics import CameraSpec, LensSpec, RenderSpec, SensorSpec
from generator.spec.references import reference_faults, spelled_out
from generator.spec.surroundings import LightGroup, RoomSpec, StageSpec, WorldSpec
from generator.spec.values import Name, choices, number

__all__ = [
    "CameraSpec", "CurriculumSpec", "DeformSpec", "LensSpec", "LightGroup", "MaterialSpec", "Name", "ObjectGroup",
    "PhysicsSpec", "Place", "RenderSpec", "RoomSpec", "SceneSpec", "SensorSpec", "ShiftSpec", "StageSpec",
    "TextureSpec", "Volume", "WorldSpec", "choices", "number",
]  # fmt: skip


class SceneSpec(Strict):
    """What may appear in a scene. Values `shared` by several places are drawn once per scene (``{ref: NAME}``).

    `edge_cases` names conditions on what is known of a frame, for the config's caps and floors:
    ``night: {world.strength: {below: 0.2}}``, ``tiny_mug: {some: {class: mug, pixels: {below: 300}}}``, and with `all`,
    `any` and `not` more of them together. What a scene draws is known by its place in it, what it shows by names that
    `generator explain` lists as facts. Only scenes that meet every condition of `keep` are painted; these may name edge
    cases too (``keep: [{not: [night]}]``).

    `pools` are shares of the assets for each split (train, val, test), so that no file is in two of them; left out,
    all splits use all assets.
    """

    scene: Name
    classes: Annotated[tuple[Name, ...], Field(min_length=1)]
    stage: StageSpec | None = None
    room: RoomSpec | None = None
    world: WorldSpec = WorldSpec()
    objects: dict[Name, ObjectGroup]
    physics: PhysicsSpec | None = None
    lights: dict[Name, LightGroup] = {}
    camera: CameraSpec
    render: RenderSpec = RenderSpec()
    sensor: SensorSpec = SensorSpec()
    pools: dict[str, Annotated[float, Field(ge=0)]] = {}
    edge_cases: dict[Name, EdgeCase] = {}
    keep: tuple[EdgeCase, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _consistent(cls, value: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        found = reference_faults(value)
        try:
            result = handler(value)
        except ValidationError as error:
            found += faults(error)
        if found:
            raise nested(found)
        if edges.reference_faults(result.edge_cases):  # told by `check`; circles could not be spelled out
            return result
        return result.model_copy(update={"keep": tuple(spelled_out(one, result.edge_cases) for one in result.keep)})

    @model_validator(mode="after")
    def _names(self) -> "SceneSpec":
        found: list[Fault] = []
        if len(set(self.classes)) != len(self.classes):
            found.append((("classes",), "a name stands there twice"))
        if "none" in self.classes:
            found.append((("classes",), "'none' is the label of what is never annotated; choose another name"))
        found += [
            (("pools", name), f"no split {name!r}{did_you_mean(name, FIRST)}")
            for name in self.pools
            if name not in FIRST
        ]
        found += [
            (("lights", name), "a group of `objects` has this name too; give one of them another")
            for name in self.lights
            if name in self.objects
        ]
        if self.pools and not any(self.pools.values()):
            found.append((("pools",), "at least one share must be above 0"))
        if found:
            raise nested(found)
        return self
