"""Sampling within sources against its definitions: quotas in every window, repeat factors, even classes and axes."""

from collections import Counter
from collections.abc import Mapping
from math import floor, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted import CLASSES, painted

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.cli.identities import contents
from generator.dataset.examples import Example
from generator.dataset.shards import ShardWriter
from generator.dataset.sources import SyntheticSource
from generator.dataset.store import Dataset, Manifest
from generator.mix.leaks import refuse_leaks
from generator.mix.orders import Grouped, Order, Repeated, Shuffled
from generator.mix.sampler import Mixture
from generator.mix.sampling import Sampling, orders_of, repeat_factors
from generator.mix.traits import Traits, prevalence, traits_of

DRAW = Draw(0) / "mixture" / "a"
FACTORS = st.lists(st.floats(1, 4), min_size=1, max_size=6)


def some_orders() -> dict[str, Order]:
    groups = {"x": [0, 1, 2], "y": [2, 3]}
    inner = {"x": Shuffled(3), "y": Repeated([1.0, 2.5])}
    return {
        "shuffled": Shuffled(4),
        "repeated": Repeated([1.0, 1.5, 3.7, 1.0]),
        "grouped": Grouped(groups, {"x": 0.3, "y": 0.7}, inner, 4),
    }


@pytest.mark.parametrize("name", some_orders())
def test_times_equal_counting(name: str) -> None:
    order = some_orders()[name]
    counts = np.zeros(4, int)
    for count in range(60):
        assert order.times(DRAW, count).tolist() == counts.tolist()
        counts[order.at(DRAW, count)] += 1


@pytest.mark.parametrize("name", some_orders())
def test_a_rank_alone_equals_the_rank_after_a_run(name: str) -> None:
    order = some_orders()[name]
    run = [order.at(DRAW, rank) for rank in range(50)]
    assert [some_orders()[name].at(DRAW, rank) for rank in reversed(range(50))] == run[::-1]


@given(FACTORS, st.integers(1, 30))
def test_repeats_are_exact_after_whole_epochs(factors: list[float], epochs: int) -> None:
    """After e epochs each example came floor or ceil of e * r times, found by counting, not by `times`."""
    order = Repeated(factors)
    starts = (DRAW / "starts").rng().random(len(factors))
    total = sum(floor(epochs * factor + start) for factor, start in zip(factors, starts, strict=True))
    counts = Counter(order.at(DRAW, rank) for rank in range(total))
    for k, factor in enumerate(factors):
        assert abs(counts[k] - epochs * factor) < 1


def test_repeat_factors_by_hand() -> None:
    """Of four: a in all, b in one, c in two. sqrt(0.5 / 0.25) for b, 1 for the others."""
    some = [
        Traits(frozenset("ab")),
        Traits(frozenset("ac")),
        Traits(frozenset("a"), frozenset("c")),
        Traits(frozenset("a")),
    ]
    assert prevalence(some) == {"a": 1, "b": 0.25, "c": 0.5}
    assert repeat_factors(some, below=0.5) == pytest.approx([sqrt(2), 1, 1, 1])
    assert repeat_factors(some, below=1.0) == pytest.approx([2, sqrt(2), sqrt(2), 1])
    assert repeat_factors(some, below=1.0, most=1.2) == pytest.approx([1.2, 1.2, 1.2, 1])


def drawn(
    sampling: Sampling, traits: Mapping[str, list[Traits]], shares: Mapping[str, float], steps: int, batch: int = 4
):
    orders = orders_of(sampling, traits, shares)
    sizes = {name: len(some) for name, some in traits.items()}
    mixture = Mixture(sizes, shares, batch, 0, orders)
    return [
        traits[mixture.names[source]][index] for step in range(steps) for source, index in mixture.batch(step)
    ], mixture


def plenty(rare: int, common: int) -> list[Traits]:
    return [Traits(frozenset({"car", "cyclist"}))] * rare + [Traits(frozenset({"car"}))] * common


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.9), st.integers(1, 4))
def test_every_window_holds_the_quota_of_a_rare_class(quota: float, rare: int) -> None:
    some, _ = drawn(Sampling(rare={"cyclist": quota}), {"synthetic": plenty(rare, 40)}, {"synthetic": 1}, 40)
    shows = np.array(["cyclist" in one.classes for one in some])
    for width in (8, 20, 50):
        windows = np.lib.stride_tricks.sliding_window_view(shows, width).sum(1)
        assert windows.min() > width * quota - 2 - 1e-3
    assert abs(shows.mean() - quota) < 0.02


def test_a_quota_counts_over_all_sources_where_only_one_has_it() -> None:
    """Half of the samples are real, without cyclists: all of 0.4 must come from the other half."""
    traits = {"real": plenty(0, 30), "synthetic": plenty(2, 30)}
    some, _ = drawn(Sampling(rare={"cyclist": 0.4}), traits, {"real": 0.5, "synthetic": 0.5}, 100)
    assert sum("cyclist" in one.classes for one in some) == pytest.approx(160, abs=2)


def test_a_quota_that_is_met_anyway_changes_nothing() -> None:
    traits = {"real": plenty(20, 20)}
    _, mixed = drawn(Sampling(rare={"cyclist": 0.3}), traits, {"real": 1.0}, 0)
    plain = Mixture({"real": 40}, {"real": 1.0}, 4, 0)
    assert [mixed.batch(step) for step in range(20)] == [plain.batch(step) for step in range(20)]


def test_tags_have_quotas_as_classes_have() -> None:
    some = [Traits(frozenset({"car"}), frozenset({"night"} if k < 2 else ())) for k in range(30)]
    found, _ = drawn(Sampling(rare={"night": 0.25}), {"real": some}, {"real": 1.0}, 25)
    assert sum("night" in one.tags for one in found) == 25


@pytest.mark.parametrize(
    ("rare", "says"),
    [
        ({"cyclsit": 0.2}, "did you mean 'cyclist'"),
        ({"cyclist": 0.7}, "only synthetic has it"),
        ({"cyclist": 0.3, "night": 0.3}, "sum to more than 1"),
    ],
)
def test_quotas_that_cannot_be_met_say_why(rare: dict[str, float], says: str) -> None:
    synthetic = [*plenty(2, 20), Traits(frozenset({"car"}), frozenset({"night"}))]
    with pytest.raises(TrainError, match=says):
        drawn(Sampling(rare=rare), {"real": plenty(0, 9), "synthetic": synthetic}, {"real": 0.5, "synthetic": 0.5}, 1)


def kept(sampling: Sampling, some: list[Traits]) -> dict[str, float]:
    """The part of 10,000 samples that shows each name of the quotas, counted one by one."""
    order = orders_of(sampling, {"a": some}, {"a": 1.0})["a"]
    seen = [some[order.at(DRAW, rank)] for rank in range(10_000)]
    return {name: sum(name in one.names for one in seen) / len(seen) for name in sampling.rare}


def test_turns_for_one_quota_do_not_cost_another() -> None:
    hidden = [
        Traits(frozenset({"x"}), frozenset(("night",) * (k < 10) + ("hidden",) * (10 <= k < 45))) for k in range(100)
    ]
    found = kept(Sampling(rare={"night": 0.5, "hidden": 0.3}), hidden)
    assert found == pytest.approx({"night": 0.5, "hidden": 0.3}, abs=2e-3)
    with pytest.raises(TrainError, match=r"sum to more than 1 \(hidden 0.3, night 0.8\)"):
        kept(Sampling(rare={"night": 0.8, "hidden": 0.3}), hidden)


@pytest.mark.parametrize("kind", ["classes", "repeat", "even"])
def test_quotas_are_kept_however_a_source_is_sampled(kind: str) -> None:
    """Three in ten are taken at night, all of the class that would come less often than every second time."""
    some = [
        Traits(frozenset({"a"} if k < 90 else {"b"}), frozenset({"night"} if k < 30 else {"day"})) for k in range(100)
    ]
    axes = {"time": ("dusk", "day")} if kind == "even" else {}
    found = kept(Sampling(kind=kind, rare={"night": 0.3, "b": 0.4}, axes=axes, below=0.2), some)
    assert all(found[name] >= share - 1e-3 for name, share in {"night": 0.3, "b": 0.4}.items()), found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abc")), min_size=3, max_size=12), st.tuples(*[st.floats(0.05, 0.6)] * 3))
def test_all_quotas_are_kept_or_refused(names: list[set[str]], quotas: tuple[float, float, float]) -> None:
    some = [Traits(frozenset(one)) for one in names]
    shown = set().union(*names)
    rare = {name: share for name, share in zip("abc", quotas, strict=True) if name in shown}
    try:
        order = orders_of(Sampling(kind="classes", rare=rare), {"a": some}, {"a": 1.0})["a"]
    except TrainError:
        assert sum(rare.values()) > 1
        return
    for name, share in rare.items():
        assert order.parts[[name in one.names for one in some]].sum() >= share - 1e-5


@pytest.mark.parametrize("name", some_orders())
def test_parts_are_what_the_times_come_to(name: str) -> None:
    order = some_orders()[name]
    assert order.times(DRAW, 20_000) / 20_000 == pytest.approx(order.parts, abs=1e-3)
    assert order.parts.sum() == pytest.approx(1)


def test_classes_take_turns_however_rare() -> None:
    """18 pictures of cars, 1 of a bus, 1 empty: each kind comes in a third of the samples."""
    some = [Traits(frozenset({"car"}))] * 18 + [Traits(frozenset({"bus"})), Traits(frozenset())]
    found, _ = drawn(Sampling("classes"), {"real": some}, {"real": 1.0}, 30)
    assert Counter(tuple(one.classes) for one in found) == {("car",): 40, ("bus",): 40, (): 40}


def test_axes_are_sampled_evenly_without_any_classes() -> None:
    """Five day, two night, one night and rain, one dusk: four cells, a quarter each."""
    tags = [{"day"}] * 5 + [{"night"}] * 2 + [{"night", "rain"}, {"dusk"}]
    some = [Traits(frozenset(), frozenset(one)) for one in tags]
    axes = {"time": ("day", "night", "dusk"), "weather": ("rain",)}
    found, _ = drawn(Sampling("even", axes=axes), {"synthetic": some}, {"synthetic": 1.0}, 20)
    cells = Counter(one.tags for one in found)
    assert set(cells.values()) == {20}
    assert len(cells) == 4
    with pytest.raises(TrainError, match="day and night at once"):
        orders_of(Sampling("even", axes=axes), {"a": [Traits(frozenset(), frozenset({"day", "night"}))]}, {"a": 1.0})


@pytest.mark.parametrize("kind", ["plain", "repeat", "classes"])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_workers_agree_whatever_their_number(kind: str, workers: int) -> None:
    sampling = Sampling(kind, rare={"cyclist": 0.3}, below=0.5)
    traits, shares = {"real": plenty(1, 11), "synthetic": plenty(2, 17)}, {"real": 0.25, "synthetic": 0.75}
    whole = drawn(sampling, traits, shares, 0, batch=8)[1]
    for step in (0, 1, 57):
        own = [drawn(sampling, traits, shares, 0, batch=8)[1] for _ in range(workers)]
        parts = [one.shard(step, rank, workers) for rank, one in enumerate(own)]
        merged = [parts[k % workers][k // workers] for k in range(8)]
        assert merged == whole.batch(step)


def test_a_source_without_a_slot_in_one_batch_has_it_in_the_next() -> None:
    """A quarter of batches of two: every second batch."""
    mixture = Mixture({"real": 3, "synthetic": 9}, {"real": 0.25, "synthetic": 0.75}, 2, 0)
    real = [sum(mixture.names[source] == "real" for source, _ in mixture.batch(step)) for step in range(40)]
    assert sum(real) == 20
    assert all(sum(real[k : k + 2]) == 1 for k in range(0, 40, 2))


# --- splits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    manifest = Manifest(scene="t", spec="a", assets="b", seed=0, classes=CLASSES, size=(64, 48), labels=("amodal",),
                        versions={})  # fmt: skip
    Dataset.create_or_check(tmp_path, manifest)
    writer = ShardWriter(tmp_path, 0, manifest.labels)
    for index in range(6):
        writer.add("train", *painted(index), facts={}, tags=("night",) * (index == 0))
    for index in range(3):
        writer.add("val", *painted(100 + index), facts={})
    writer.commit()
    return Dataset.open(tmp_path)


def test_no_held_out_picture_is_ever_in_the_stream(dataset: Dataset) -> None:
    """Over many epochs, with quotas: by key and by pixel."""
    source, held = SyntheticSource(dataset, "train"), SyntheticSource(dataset, "val")
    sampling = Sampling(rare={"night": 0.5})
    orders = orders_of(sampling, {"synthetic": traits_of(source)}, {"synthetic": 1.0})
    mixture = Mixture({"synthetic": len(source)}, {"synthetic": 1.0}, 4, 0, orders)
    keys = {source[index].key for step in range(30) for _, index in mixture.batch(step)}
    assert keys == {frame.key for frame in dataset.frames if frame.split == "train"}
    assert not keys & {held[index].key for index in range(len(held))}
    learned, kept = contents(source).pictures, contents(held).pictures
    refuse_leaks({"synthetic": learned}, {"val": kept})
    with pytest.raises(TrainError, match="3 pictures of 'real' are also in 'test'"):
        refuse_leaks({"real": kept}, {"test": kept})


def test_traits_are_those_of_the_examples(dataset: Dataset) -> None:
    source = SyntheticSource(dataset, "train")

    class Bare:
        name, classes, masks = source.name, source.classes, True

        def __len__(self) -> int:
            return len(source)

        def __getitem__(self, index: int) -> Example:
            return source[index]

    told, read = traits_of(source), traits_of(Bare())
    assert [one.classes for one in told] == [one.classes for one in read]
    assert [bool(one.tags) for one in told] == [True] + [False] * 5
