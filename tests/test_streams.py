"""The four promises of the random streams, over scenes that nobody wrote."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.errors import PlacementError
from generator.base.scene import SceneSample
from generator.sampling.sampler import Sampler
from generator.spec.scene import SceneSpec

STORE = AssetStore(Catalog.open())
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scalar(low: float, high: float) -> st.SearchStrategy[Any]:
    """A number within [low, high], or a distribution that stays there."""
    number = st.floats(low, high, allow_nan=False).map(lambda x: min(high, max(low, round(x, 3))))
    ends = st.tuples(number, number).map(sorted)
    return st.one_of(
        number,
        ends.map(lambda e: {"uniform": e}),
        st.lists(number, min_size=1, max_size=3).map(lambda v: {"pick": v}),
        ends.map(lambda e: {"sobol": e}),
        st.tuples(number, number).map(lambda e: {"chance": 0.5, "then": e[0], "else": e[1]}),
    )


COLOR = st.tuples(scalar(0, 1), scalar(0, 1), scalar(0, 1)).flatmap(
    lambda c: st.sampled_from([{"rgb": list(c)}, {"hsv": list(c)}])
)
TEXTURE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["noise", "checker", {"pick": ["stripes", "voronoi"]}]),
        "color": COLOR,
        "probability": scalar(0, 1),
    }
)
MATERIAL = st.fixed_dictionaries(
    {"color": COLOR, "roughness": scalar(0, 1), "metallic": scalar(0, 1), "textures": st.lists(TEXTURE, max_size=2)}
)
PLACE = st.sampled_from([{"on": "stage", "short": "skip"}, {"in": "frustum", "depth": [1, 3], "short": "skip"},
                         {"in": {"box": [[-1, -1, 0.5], [1, 1, 1.5]]}, "short": "skip"}])  # fmt: skip
GROUP = st.fixed_dictionaries(
    {
        "asset": st.sampled_from(
            [{"shape": "box", "x": 0.1, "y": 0.1, "z": 0.1}, {"shape": ["mug", "bowl"]}, {"shape": "can*"}]
        ),
        "label": st.just("none"),
        "count": st.integers(1, 3),
        "place": PLACE,
        "rotation": st.sampled_from(["uniform", "none", {"yaw": {"uniform": [0, 360]}}]),
        "material": MATERIAL,
        "deform": st.sampled_from([[], [{"kind": "twist", "amount": {"uniform": [0, 40]}}]]),
    }
)
LAMPS = st.fixed_dictionaries(
    {"count": st.integers(1, 3), "kind": st.sampled_from(["point", "area", "sun"]), "power": scalar(1, 50),
     "position": st.just({"shell": {"radius": [1, 3], "elevation": [10, 80]}})}
)  # fmt: skip
SCENE = st.fixed_dictionaries(
    {
        "scene": st.just("s"),
        "classes": st.just(["thing"]),
        "stage": st.fixed_dictionaries({"size": st.just([4, 4]), "material": MATERIAL}),
        "world": st.fixed_dictionaries({"strength": scalar(0, 2), "color": COLOR}),
        "objects": st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), GROUP, min_size=1),
        "lights": st.dictionaries(st.sampled_from(["key", "rim"]), LAMPS),
        "camera": st.just({"position": {"shell": {"radius": [2, 3], "elevation": [20, 60]}}}),
        "sensor": st.fixed_dictionaries({"blur": scalar(0, 2), "noise": scalar(0, 0.1)}),
    }
)
INDEX = st.integers(0, 10_000)


def sampled(scene: dict[str, Any], index: int) -> SceneSample:
    return Sampler(SceneSpec.model_validate(scene), STORE, (64, 48))(7, index)


def without_facts(sample: SceneSample) -> SceneSample:
    return sample.model_copy(update={"facts": {}})


def turned(value: Any) -> Any:
    """The same mapping with its keys in the opposite order, all the way down."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(v) for v in value] if isinstance(value, list) else value


@FEW
@given(SCENE, INDEX)
def test_the_same_scene_twice(scene: dict[str, Any], index: int) -> None:
    assert sampled(scene, index) == sampled(json.loads(json.dumps(scene)), index)


@FEW
@given(SCENE, INDEX)
def test_key_order_means_nothing(scene: dict[str, Any], index: int) -> None:
    assert sampled(turned(scene), index) == sampled(scene, index)


@FEW
@given(SCENE, INDEX, LAMPS, GROUP)
def test_what_is_added_leaves_the_rest_as_it_was(scene: dict[str, Any], index: int, lamps: Any, group: Any) -> None:
    """A group of lamps; a group of objects that comes last in line."""
    before = without_facts(sampled(scene, index))
    more = {**scene, "lights": {**scene["lights"], "added": lamps}, "objects": {**scene["objects"], "zeta": group}}
    after = without_facts(sampled(more, index))
    assert tuple(o for o in after.objects if not o.name.startswith("zeta/")) == before.objects
    assert tuple(one for one in after.lights if not one.name.startswith("added/")) == before.lights
    assert after.model_copy(update={"objects": (), "lights": ()}) == before.model_copy(
        update={"objects": (), "lights": ()}
    )


@FEW
@given(SCENE, INDEX)
def test_one_more_leaves_the_first_ones_as_they_were(scene: dict[str, Any], index: int) -> None:
    """The last group in line gets one more object, every group of lamps one more lamp."""
    last = max(scene["objects"])
    objects = {**scene["objects"], last: {**scene["objects"][last], "count": scene["objects"][last]["count"] + 1}}
    lights = {name: {**group, "count": group["count"] + 1} for name, group in scene["lights"].items()}
    before, after = sampled(scene, index), sampled({**scene, "objects": objects, "lights": lights}, index)
    assert after.objects[: len(before.objects)] == before.objects
    assert {one.name: one for one in before.lights}.items() <= {one.name: one for one in after.lights}.items()


@FEW
@given(SCENE, st.lists(INDEX, min_size=2, max_size=4, unique=True))
def test_scenes_do_not_depend_on_what_was_made_before(scene: dict[str, Any], indices: list[int]) -> None:
    sampler = Sampler(SceneSpec.model_validate(scene), STORE, (64, 48))
    try:
        forwards = [sampler(7, index) for index in indices]
    except PlacementError:
        return
    assert [sampler(7, index) for index in reversed(indices)] == forwards[::-1]
