"""`Sampler`: one `SceneSample` of a spec."""

from collections.abc import Callable, Iterable
from functools import cache

from generator.assets.catalog import Catalog
from generator.assets.pools import pool
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.errors import PlacementError
from generator.base.scene import ObjectSample, SceneSample
from generator.base.splits import Split, split_of
from generator.sampling.cameras import camera
from generator.sampling.lights import lights
from generator.sampling.materials import material
from generator.sampling.objects import Placed, objects
from generator.sampling.rendering import exposure, rendering
from generator.sampling.scope import Scope, vector
from generator.sampling.surroundings import room, stage, world
from generator.spec.scene import SceneSpec

OF_SCENE, OF_VIEW = ("world", "stage", "room", "lights"), ("camera", "render", "sensor")
SECTIONS = (*OF_SCENE, *OF_VIEW)  # whose facts need no placed object


class Sampler:
    """Scenes of one spec. `size` is the image's (width, height) in pixels."""

    def __init__(self, spec: SceneSpec, store: AssetStore, size: tuple[int, int]) -> None:
        self.spec, self.store, self.size = spec, store, size
        self._pool = cache(self._pool_of)

    def __call__(self, seed: int, index: int) -> SceneSample:
        """Frame `index` of `seed`: the same on any machine, alone or in any order.

        With several views per scene, consecutive frames share all that was drawn but camera, quality and sensor.
        Raises PlacementError, naming the scene, when it cannot be filled.
        """
        spec, (scene, view) = self.spec, divmod(index, self.spec.camera.views)
        scope = Scope(Draw(seed, scene), catalog=self._pool(split_of(index)))
        width, height = self.size
        first = camera(spec.camera, scope, self.size)
        backdrops = stage(spec.stage, scope) + room(spec.room, scope)
        try:
            placed = objects(spec, self.store, scope, first.at(width, height))
        except PlacementError as error:
            raise PlacementError(f"scene {index} of seed {seed}: {error}") from error
        lamps, glowing = lights(spec.lights, scope)
        looking = scope.of_view(view)
        if spec.camera.views > 1:
            scope.facts["scene"] = float(scene)
        shot = first if view == 0 else camera(spec.camera, looking, self.size)
        render, sensor = rendering(spec.render, looking), exposure(spec.sensor, looking, self.size)
        sample = SceneSample(
            scene=spec.scene, seed=seed, index=index, scene_index=scene, view=view, width=width, height=height,
            classes=spec.classes, objects=(*backdrops, *(self._object(one, scope) for one in placed), *glowing),
            lights=tuple(lamps), world=world(spec.world, scope), camera=shot, render=render, sensor=sensor,
            facts=dict(sorted((scope.facts | looking.facts).items())),
        )  # fmt: skip
        return self._settled(sample, scope) if spec.physics else sample

    def foreseen(self, seed: int, index: int, sections: Iterable[str]) -> dict[str, float]:
        """What `facts` of frame `index` will say of these `SECTIONS` of the spec: the same streams, but no object is
        placed, which is nearly all of the work."""
        spec, (scene, view) = self.spec, divmod(index, self.spec.camera.views)
        scope = Scope(Draw(seed, scene), catalog=self._pool(split_of(index)))
        looking = scope.of_view(view)
        draw_facts: dict[str, Callable[[], object]] = {
            "world": lambda: world(spec.world, scope),
            "stage": lambda: stage(spec.stage, scope),
            "room": lambda: room(spec.room, scope),
            "lights": lambda: lights(spec.lights, scope),
            "camera": lambda: camera(spec.camera, looking, self.size),
            "render": lambda: rendering(spec.render, looking),
            "sensor": lambda: exposure(spec.sensor, looking, self.size),
        }
        for section in sections:
            draw_facts[section]()
        return scope.facts | looking.facts

    def _settled(self, sample: SceneSample, scope: Scope) -> SceneSample:
        """The scene after what shall fall has fallen. MuJoCo is imported only now."""
        from generator.sampling.physics import settle

        physics = self.spec.physics
        assert physics is not None
        friction, bounce = (scope.number(f"physics.{n}", getattr(physics, n)) for n in ("friction", "bounce"))
        drawn = sample.facts | {"physics.friction": friction, "physics.bounce": bounce}
        sample = sample.model_copy(update={"facts": drawn})
        return settle(sample, physics.drop, self.store, physics.seconds, friction, bounce)

    def _object(self, one: Placed, scope: Scope) -> ObjectSample:
        look = material(one.group.material, one.draw / "material", scope.catalog)
        moved = vector(one.group.motion.sample(one.draw / "motion")) if one.group.motion else (0.0, 0.0, 0.0)
        return ObjectSample(name=one.name, label=one.label, mesh=one.ref, pose=one.pose, material=look, motion=moved)

    def _pool_of(self, split: Split) -> Catalog:
        return pool(self.store.catalog, self.spec.pools, split)
