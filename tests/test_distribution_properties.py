"""Four properties of the random streams, over random specs of values: the same twice, key order means nothing, an
inserted value leaves the others as they were, and a prefix of the scenes does not know how many follow."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from generator.base.draw import Draw
from generator.distributions.base import Kind, Value

FEW = settings(max_examples=60, deadline=None)
Spec = dict[str, tuple[Kind, Any]]
SCENES = 4

numbers = st.floats(-8, 8).map(lambda x: round(x, 2) + 0.0)  # no negative zero, which YAML has no use for
positive = st.floats(0.1, 8).map(lambda x: round(x, 2))
shares = st.floats(0, 1).map(lambda x: round(x, 2))
counts = st.integers(1, 9)


def ordered(values: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=2, max_size=2, unique=True).map(sorted)


def keyed(**values: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping, each key drawn from its strategy; ``else_`` is the key ``else``."""
    return st.fixed_dictionaries({name.rstrip("_"): value for name, value in values.items()})


laws = st.one_of(
    keyed(uniform=ordered(numbers)),
    keyed(log_uniform=ordered(positive)),
    keyed(normal=st.tuples(numbers, positive).map(list), clip=ordered(numbers)),
    keyed(integers=st.tuples(st.integers(-9, 0), st.integers(0, 9)).map(list)),
    keyed(triangular=ordered(numbers).map(lambda ends: [ends[0], *ends])),
    keyed(beta=st.tuples(positive, positive).map(list), range=ordered(numbers)),
    keyed(poisson=positive, max=counts),
)


@st.composite
def law(draw: st.DrawFn) -> dict[str, Any]:
    """A law with constant parameters. (A composite has a short repr, where strategies write out all they hold.)"""
    inner = draw(laws)
    return {"truncated": [-5000, 5000], "of": inner} if draw(st.booleans()) else inner


of_index = st.one_of(
    keyed(grid=law(), cells=counts, jitter=st.booleans()),
    keyed(sobol=law(), dimension=st.integers(0, 15)),
    keyed(sobol=law()),
)


def choosing(values: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Any]]:
    """What chooses between values of one kind."""
    part = keyed(weight=positive, of=values)
    return [
        keyed(pick=st.lists(values, min_size=1, max_size=3)),
        keyed(chance=shares, then=values, else_=values),
        keyed(mixture=st.lists(part, min_size=1, max_size=3)),
        keyed(steps=st.dictionaries(counts, values, max_size=2).flatmap(lambda d: values.map(lambda v: {**d, 0: v}))),
        keyed(ref=st.sampled_from(["tone", "size"]), of=values),
    ]


def computing(values: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Any]]:
    """Arithmetic between numbers."""
    terms = st.lists(values, min_size=1, max_size=3)
    return [
        *(keyed(**{name: terms}) for name in ("sum", "product", "minimum", "maximum")),
        keyed(difference=st.tuples(values, values).map(list)),
        keyed(ratio=st.tuples(values, positive).map(list)),
        keyed(power=st.tuples(values, st.just(2)).map(list)),
        keyed(clamp=ordered(numbers), of=values),
        keyed(round=values, to=positive),
        keyed(ramp=st.tuples(values, values).map(list), over=counts, after=st.integers(0, 3)),
    ]


scalars = st.recursive(numbers | law() | of_index, lambda v: st.one_of(*choosing(v), *computing(v)), max_leaves=6)


@st.composite
def numeric(draw: st.DrawFn) -> Any:
    """A number, as it stands in YAML."""
    return draw(scalars)


units = keyed(clamp=st.just([0, 1]), of=numeric())
radii = keyed(clamp=st.just([0, 5]), of=numeric())
points = st.recursive(
    st.lists(numeric(), min_size=3, max_size=3)
    | keyed(ball=radii)
    | keyed(disk=radii, axis=st.just([1, 2, 2]))
    | keyed(cylinder=radii, height=ordered(numbers)),
    lambda v: st.one_of(
        *choosing(v), keyed(sum=st.lists(v, min_size=1, max_size=2)), keyed(line=st.tuples(v, v).map(list))
    ),
    max_leaves=3,
)
colors = st.recursive(
    keyed(hsv=st.tuples(numeric(), units, units).map(list))
    | keyed(gray=units)
    | keyed(lab=st.tuples(st.just(50), numeric(), numeric()).map(list)),
    lambda v: st.one_of(*choosing(v), keyed(near=v, hue=numeric(), value=numeric())),
    max_leaves=3,
)
rotations = st.recursive(
    st.sampled_from(["none", "uniform"])
    | keyed(yaw=numeric(), tilt=units)
    | keyed(around=st.just([1, -2, 2]), angle=numeric())
    | keyed(views=st.sampled_from([12, 42]), order=st.sampled_from(["random", "index"]), inplane=numeric()),
    lambda v: st.one_of(*choosing(v)),
    max_leaves=3,
)
names = st.recursive(st.sampled_from(["point", "area"]), lambda v: st.one_of(*choosing(v)), max_leaves=4)
KINDS: dict[Kind, st.SearchStrategy[Any]] = {
    "scalar": scalars, "choice": names, "color": colors, "position": points, "rotation": rotations,
}  # fmt: skip


@st.composite
def typed(draw: st.DrawFn) -> tuple[Kind, Any]:
    """A value of any kind, as it stands in YAML."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    return kind, draw(KINDS[kind])


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """One to four values by name."""
    names = draw(st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
    return {name: draw(typed()) for name in names}


def scene(spec: Spec, index: int, seed: int = 0) -> dict[str, str]:
    """Every value of a scene, in the order of its keys, as text that tells any two doubles apart."""
    drawn = {name: Value(kind).parse(raw).sample(Draw(seed, index) / name / 0) for name, (kind, raw) in spec.items()}
    return {
        name: value if isinstance(value, str) else np.asarray(value).tobytes().hex() for name, value in drawn.items()
    }


def shuffled(raw: Any, order: random.Random) -> Any:
    """The same YAML with the keys of every mapping in another order."""
    if isinstance(raw, dict):
        items = [(key, shuffled(value, order)) for key, value in raw.items()]
        order.shuffle(items)
        return dict(items)
    return [shuffled(value, order) for value in raw] if isinstance(raw, list) else raw


def inner(raw: Any) -> Iterator[Any]:
    """All mappings of a raw value, the outermost first."""
    if isinstance(raw, dict):
        yield raw
    for value in raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ():
        yield from inner(value)


@FEW
@given(specs(), st.integers(0, 50), st.integers(0, 10**9))
def test_the_same_scene_twice_is_the_same(spec: Spec, index: int, seed: int) -> None:
    dumped: Spec = {
        name: (kind, json.loads(json.dumps(Value(kind).dump(Value(kind).parse(raw)), allow_nan=False)))
        for name, (kind, raw) in spec.items()
    }
    assert scene(spec, index, seed) == scene(spec, index, seed) == scene(dumped, index, seed)


@FEW
@given(specs(), st.randoms(use_true_random=False))
def test_key_order_means_nothing(spec: Spec, order: random.Random) -> None:
    moved = {name: (kind, shuffled(raw, order)) for name, (kind, raw) in shuffled(spec, order).items()}
    for name, (kind, raw) in spec.items():
        assert Value(kind).dump(Value(kind).parse(moved[name][1])) == Value(kind).dump(Value(kind).parse(raw))
    assert [scene(moved, i) for i in range(SCENES)] == [scene(spec, i) for i in range(SCENES)]


@FEW
@given(specs(), typed(), st.integers(0, 4))
def test_an_inserted_value_leaves_the_others_as_they_were(spec: Spec, more: tuple[Kind, Any], place: int) -> None:
    items = list(spec.items())
    longer = dict([*items[:place], ("inserted", more), *items[place:]])
    for index in range(SCENES):
        drawn = scene(longer, index)
        assert {name: drawn[name] for name in spec} == scene(spec, index)


@FEW
@given(st.lists(numeric(), min_size=1, max_size=3), numeric())
def test_a_term_added_at_the_end_leaves_the_others_as_they_were(terms: list[Any], last: Any) -> None:
    for index in range(SCENES):
        one = Value("scalar").parse({"sum": terms}).sample(Draw(0, index) / "v")
        both = Value("scalar").parse({"sum": [*terms, last]}).sample(Draw(0, index) / "v")
        added = Value("scalar").parse(last).sample(Draw(0, index) / "v" / len(terms))
        assert both == one + added


@FEW
@given(specs(), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_prefix_of_the_scenes_does_not_know_how_many_follow(spec: Spec, more: int, order: random.Random) -> None:
    prefix = [scene(spec, i) for i in range(SCENES)]
    indices = list(range(SCENES + more))
    order.shuffle(indices)
    later = {i: scene(spec, i) for i in indices}
    assert [later[i] for i in range(SCENES)] == prefix


@FEW
@given(numeric())
def test_numbers_stay_inside_the_bounds_that_their_parts_imply(raw: Any) -> None:
    value = Value("scalar").parse(raw)
    support = value.support()
    assert support is not None and support[0] <= support[1]
    slack = 1e-12 * max(1.0, *(abs(end) for end in support))
    for i in range(12):
        assert support[0] - slack <= value.sample(Draw(0, i) / "v") <= support[1] + slack


@FEW
@given(typed(), st.text("qw", min_size=2, max_size=5))
def test_an_unknown_key_anywhere_is_an_error(one: tuple[Kind, Any], key: str) -> None:
    kind, raw = one
    for k in range(len(list(inner(raw)))):
        broken = json.loads(json.dumps(raw))
        list(inner(broken))[k][key] = 1
        with pytest.raises(PydanticCustomError) as refused:
            Value(kind).parse(broken)
        assert any(key in loc for loc, _ in (refused.value.context or {})["faults"])
