"""`Sampler`: one `SceneSample` of a spec."""

import math

import numpy as np

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.errors import PlacementError
from generator.base.geometry import look_at, spherical
from generator.base.scene import (
    CameraSample,
    LightSample,
    MeshRef,
    ObjectSample,
    Pose,
    RenderSample,
    SceneSample,
    SensorSample,
    Vector,
    WorldSample,
)
from generator.distributions.colors import black_body
from generator.sampling.materials import material, unit
from generator.sampling.objects import Placed, objects
from generator.sampling.scope import Scope, happens, vector
from generator.spec.scene import LightGroup, SceneSpec

SENSOR_WIDTH = 36.0  # millimetres along the longer side of the image


class Sampler:
    """Scenes of one spec. `size` is the image's (width, height) in pixels."""

    def __init__(self, spec: SceneSpec, store: AssetStore, size: tuple[int, int]) -> None:
        self.spec, self.store, self.size = spec, store, size

    def __call__(self, seed: int, index: int) -> SceneSample:
        """Scene `index` of `seed`: the same on any machine, alone or in any order.

        Raises PlacementError, naming the scene, when it cannot be filled.
        """
        scope = Scope(Draw(seed, index))
        width, height = self.size
        camera = self._camera(scope)
        stage = self._stage(scope)
        try:
            placed = objects(self.spec, self.store, scope, camera.at(width, height))
        except PlacementError as error:
            raise PlacementError(f"scene {index} of seed {seed}: {error}") from error
        return SceneSample(
            scene=self.spec.scene, seed=seed, index=index, width=width, height=height, classes=self.spec.classes,
            objects=tuple(stage + [self._object(one) for one in placed]), lights=tuple(self._lights(scope)),
            world=self._world(scope), camera=camera, render=self._render(scope), sensor=self._sensor(scope),
            facts=dict(sorted(scope.facts.items())),
        )  # fmt: skip

    def _object(self, one: Placed) -> ObjectSample:
        look = material(one.group.material, one.draw / "material", self.store)
        return ObjectSample(name=one.name, label=one.label, mesh=one.ref, pose=one.pose, material=look)

    def _stage(self, scope: Scope) -> list[ObjectSample]:
        if self.spec.stage is None:
            return []
        x, y = (scope.number(f"stage.size.{axis}", v) for axis, v in zip("xy", self.spec.stage.size, strict=True))
        look = material(self.spec.stage.material, scope.draw / "stage" / "material", self.store)
        plane = MeshRef(asset="shape/plane", params={"x": x, "y": y})
        return [ObjectSample(name="stage", label=None, mesh=plane, pose=Pose(), material=look, backdrop=True)]

    def _world(self, scope: Scope) -> WorldSample:
        world, draw = self.spec.world, scope.draw / "world"
        asset = (
            world.environment.sample(draw / "environment", self.store.catalog, ("hdri",)) if world.environment else ""
        )
        return WorldSample(
            environment=asset,
            sha256=self.store.catalog[asset].sha256 if asset else "",
            color=vector(world.color.sample(draw / "color")),
            strength=scope.number("world.strength", world.strength),
            rotation=math.radians(scope.number("world.rotation", world.rotation)),
        )

    def _camera(self, scope: Scope) -> CameraSample:
        camera, draw = self.spec.camera, scope.draw / "camera"
        position = camera.position.sample(draw / "position")
        aim = camera.aim.sample(draw / "aim")
        around = (draw / "around").rng().random(2)
        aim = aim + spherical(
            scope.number("camera.within", camera.within) * math.sqrt(around[0]), 0.0, 2 * math.pi * around[1]
        )
        pose = look_at(position, aim, math.radians(scope.number("camera.roll", camera.roll)))
        offset = position - aim
        scope.facts["camera.distance"] = float(np.linalg.norm(offset))
        scope.facts["camera.elevation"] = math.degrees(math.asin(offset[2] / max(np.linalg.norm(offset), 1e-9)))
        focal = scope.number("camera.focal_length", camera.focal_length) / SENSOR_WIDTH * max(self.size)
        right, down, forward = (vector(pose[:3, i]) for i in range(3))
        return CameraSample(position=vector(position), axes=(right, down, forward), focal_pixels=focal)

    def _lights(self, scope: Scope) -> list[LightSample]:
        lights = []
        for name, group in sorted(self.spec.lights.items()):
            count = round(scope.number(f"lights.{name}.count", group.count))
            lamps = [light(group, f"{name}/{k}", scope.draw / "lights" / name / k) for k in range(count)]
            if lamps:
                scope.facts[f"lights.{name}.elevation"] = elevation(lamps)
            lights += lamps
        return lights

    def _render(self, scope: Scope) -> RenderSample:
        render = self.spec.render
        return RenderSample(
            engine=render.engine.sample(scope.draw / "render" / "engine"),
            samples=max(1, round(scope.number("render.samples", render.samples))),
            denoise=happens(render.denoise, scope.draw / "render" / "denoise"),
            bounces=max(0, round(scope.number("render.bounces", render.bounces))),
            exposure=scope.number("render.exposure", render.exposure),
            metering=unit(scope.number("render.metering", render.metering)),
        )

    def _sensor(self, scope: Scope) -> SensorSample:
        sensor = self.spec.sensor
        names = ("blur", "motion", "gamma", "contrast", "brightness", "noise", "shot", "vignette")
        drawn = {name: scope.number(f"sensor.{name}", getattr(sensor, name)) for name in names}
        balance = black_body(scope.number("sensor.temperature", sensor.temperature)) / black_body(6500.0)
        return SensorSample(
            **drawn,
            motion_angle=math.radians(scope.number("sensor.motion_angle", sensor.motion_angle)),
            tint=vector(balance / balance.max()),
            monochrome=happens(sensor.monochrome, scope.draw / "sensor" / "monochrome"),
            jpeg=round(scope.number("sensor.jpeg", sensor.jpeg)),
        )


def light(group: LightGroup, name: str, draw: Draw) -> LightSample:
    """One lamp of a group."""
    kind = group.kind.sample(draw / "kind")
    size = float(group.size.sample(draw / "size"))
    tone = (
        group.color.sample(draw / "color")
        if group.color
        else black_body(group.temperature.sample(draw / "temperature"))
    )
    return LightSample(
        name=name,
        kind=kind,
        position=vector(group.position.sample(draw / "position")),
        target=vector(group.target.sample(draw / "target")),
        power=max(0.0, float(group.power.sample(draw / "power"))),
        color=vector(tone),
        size=math.radians(size) if kind == "sun" else size,
    )


def elevation(lamps: list[LightSample]) -> float:
    """Mean angle of the lamps above the horizon as seen from their targets, weighted by power, in degrees."""
    return sum(lamp.power * _elevation(lamp.position, lamp.target) for lamp in lamps) / max(
        sum(m.power for m in lamps), 1e-12
    )


def _elevation(position: Vector, target: Vector) -> float:
    offset = np.array(position) - np.array(target)
    return math.degrees(math.asin(offset[2] / max(float(np.linalg.norm(offset)), 1e-9)))
