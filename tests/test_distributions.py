"""The conformance kit: every distribution that registers itself is held to the whole contract."""

import inspect
import json

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from generator.base.draw import Draw
from generator.base.geometry import rotation_matrix
from generator.distributions.base import KINDS, REGISTRY, Distribution, Kind, Value, named
from generator.distributions.colors import black_body, linear

CASES = [(kind, name, k) for kind in KINDS for name in named(kind) for k in range(len(named(kind)[name].EXAMPLES))]
SHAPES = {"scalar": (), "color": (3,), "position": (3,), "rotation": (4,)}
OWN = {"choice": {"pick": [{"pick": ["a", "b"]}], "ref": [{"ref": "x", "of": "a"}]},
       "color": {"pick": [{"pick": ["#ff0000", [0, 1, 0]]}], "ref": [{"ref": "x", "of": "#102030"}]},
       "position": {"pick": [{"pick": [[0, 0, 1], [1, 1, 1]]}], "ref": [{"ref": "x", "of": [0, 0, 1]}]},
       "rotation": {"pick": [{"pick": ["none", "uniform"]}], "ref": [{"ref": "x", "of": "uniform"}]}}  # fmt: skip


def parse(kind: Kind, raw: object) -> Distribution:
    value: Distribution = Value(kind).parse(raw)
    return value


def example(kind: Kind, name: str, k: int) -> Distribution:
    """Generic distributions (pick, ref) have examples of their own for kinds that are not numbers."""
    raw = OWN[kind][name][0] if name in OWN.get(kind, {}) else named(kind)[name].EXAMPLES[k]
    return parse(kind, raw)


def test_every_distribution_has_an_example_and_a_docstring() -> None:
    for name, entry in REGISTRY.items():
        for cls in entry.values():
            assert cls.EXAMPLES and inspect.getdoc(cls), name


@pytest.mark.parametrize(("kind", "name", "k"), CASES)
def test_contract(kind: Kind, name: str, k: int) -> None:
    value = example(kind, name, k)
    draws = [Draw(0, i) / "here" for i in range(50)]
    samples = [value.sample(d) for d in draws]
    again = [value.sample(d) for d in reversed(draws)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(samples, again, strict=True)), "same draw, same value"
    if kind == "choice":
        assert all(isinstance(s, str) for s in samples)
    else:
        assert all(np.shape(s) == SHAPES[kind] and np.isfinite(s).all() for s in samples)
    if (support := value.support()) is not None:
        assert all(support[0] <= s <= support[1] for s in samples)
    adapter = TypeAdapter(dict[str, object])
    dumped = json.loads(adapter.dump_json({"v": Value(kind).dump(value)}))["v"] if name != "any" else {"any": True}
    assert np.array_equal(parse(kind, dumped).sample(draws[0]), samples[0]), "JSON round trip"


@pytest.mark.parametrize(("kind", "name", "k"), [c for c in CASES if hasattr(named(c[0])[c[1]], "cdf")])
def test_samples_follow_the_cdf(kind: Kind, name: str, k: int) -> None:
    """Kolmogorov-Smirnov at a fixed seed: fails by chance once in 10,000 fixed seeds."""
    value = example(kind, name, k)
    samples = [value.sample(Draw(1, i) / name) for i in range(5000)]
    assert stats.kstest(samples, np.vectorize(value.cdf)).pvalue > 1e-4  # type: ignore[attr-defined]


def test_integers_are_even() -> None:
    value = parse("scalar", {"integers": [-2, 3]})
    counts = np.bincount([int(value.sample(Draw(0, i))) + 2 for i in range(6000)], minlength=6)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_pick_follows_its_weights() -> None:
    value = parse("choice", {"pick": {"a": 3, "b": 1, "c": 0}})
    picked = [value.sample(Draw(0, i)) for i in range(8000)]
    assert "c" not in picked
    assert stats.chisquare([picked.count("a"), picked.count("b")], [6000, 2000]).pvalue > 1e-4


def test_a_shell_is_uniform_by_volume() -> None:
    """chi2 over cells of equal volume in radius, sin(elevation) and azimuth."""
    shell = parse("position", {"shell": {"radius": [1, 2], "elevation": [-30, 60], "azimuth": [0, 360]}})
    points = np.array([shell.sample(Draw(0, i)) for i in range(8000)])
    radius = np.linalg.norm(points, axis=1)
    share = (radius**3 - 1) / 7
    height = (points[:, 2] / radius - np.sin(np.radians(-30))) / (np.sin(np.radians(60)) - np.sin(np.radians(-30)))
    turn = np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi) % 1
    for value in (share, height, turn):
        assert stats.chisquare(np.histogram(value, 10, (0, 1))[0]).pvalue > 1e-4


def test_orientations_are_uniform() -> None:
    """The image of any fixed vector is uniform on the sphere, so its z is uniform in [-1, 1]; and the angle of the
    rotation has density (1 - cos t) / pi (Miles, Biometrika 1965)."""
    rotation = parse("rotation", "uniform")
    quaternions = np.array([rotation.sample(Draw(0, i)) for i in range(5000)])
    assert np.allclose(np.linalg.norm(quaternions, axis=1), 1)
    for axis in np.eye(3):
        z = np.array([(rotation_matrix(q) @ axis)[2] for q in quaternions])
        assert stats.kstest(z, stats.uniform(-1, 2).cdf).pvalue > 1e-4
    angle = 2 * np.arccos(np.clip(np.abs(quaternions[:, 0]), 0, 1))
    assert stats.kstest(angle, lambda t: (t - np.sin(t)) / np.pi).pvalue > 1e-4


def test_a_shared_value_is_the_same_everywhere_in_a_scene_and_differs_between_scenes() -> None:
    ref = parse("scalar", {"ref": "daylight", "of": {"uniform": [0, 1]}})
    one, other = ref.sample(Draw(0, 5) / "a" / 1), ref.sample(Draw(0, 5) / "b")
    assert one == other != ref.sample(Draw(0, 6) / "a" / 1)


def test_colors_against_known_values() -> None:
    assert parse("color", "#ff8000").sample(Draw(0)) == pytest.approx([1, 0.215861, 0], abs=1e-5)  # IEC 61966-2-1
    assert parse("color", {"hsv": [1 / 3, 1, 1]}).sample(Draw(0)) == pytest.approx([0, 1, 0])
    assert linear(np.array([0.5])) == pytest.approx([0.21404], abs=1e-5)
    warm, white, cold = black_body(2000), black_body(6500), black_body(20000)
    assert warm[0] == 1 and warm[2] < 0.05 and cold[2] == 1 and cold[0] < 0.6 and white.min() > 0.93
