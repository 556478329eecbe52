"""The catalogue shows every word there is, and every example in it is a scene that can be made."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.assets.catalog import Catalog
from generator.assets.shapes import SHAPES
from generator.assets.store import AssetStore
from generator.base.scene import MeshRef
from generator.distributions.base import REGISTRY
from generator.render.painter import make_painter
from generator.report import catalogue
from generator.report.catalogue_values import Word, words
from generator.report.turntable import turntable
from generator.sampling.sampler import Sampler
from generator.spec.scene import SceneSpec
from generator.spec.yaml import read

DATA = read(Path(catalogue.__file__).with_name("catalogue_examples.yaml")).data
ENTRIES = [entry for section in DATA["sections"] for entry in section["entries"]]


@pytest.mark.parametrize("one", ENTRIES, ids=[f"{k} {e['key']}" for k, e in enumerate(ENTRIES)])
def test_every_example_is_a_scene_that_differs_from_its_neighbours(one: dict[str, Any]) -> None:
    store, made = AssetStore(Catalog.open()), []

    def sampled(spec: dict[str, Any], key: str) -> str:
        sample = Sampler(SceneSpec.model_validate(spec), store, (64, 48))(0, 0)
        made.append(sample.model_copy(update={"facts": {}}).model_dump_json())
        return ""

    entry = catalogue.entry(DATA["base"], one, sampled)
    assert len(entry.shown) == len(one["values"]) and len(set(made)) == len(made)


def test_changes_leave_the_base_alone() -> None:
    base: dict[str, Any] = {"a": {"b": 1}}
    assert catalogue.changed(base, {"a.b": 2, "c.d": [3]}) == {"a": {"b": 2}, "c": {"d": [3]}} and base == {
        "a": {"b": 1}
    }


@pytest.fixture(scope="module")
def shown() -> list[Word]:
    return list(words())


def test_every_distribution_is_shown_with_a_picture_of_its_draws(shown: list[Word]) -> None:
    assert {word.name for word in shown} == set(REGISTRY)
    assert all(word.examples and all("<svg" in chart for _, chart in word.examples) for word in shown)


def test_a_turntable_shows_the_whole_asset_from_different_sides() -> None:
    store = AssetStore(Catalog.open())
    views = turntable(MeshRef(asset="shape/mug"), store, make_painter("raycast", store), side=64, views=4)
    assert len({view.tobytes() for view in views}) == 4
    for view in views:
        ground = np.abs(view.astype(int) - view[:, :1].astype(int)).max(-1) > 12
        assert ground.sum() > 300 and not ground[[0, -1]].any() and not ground[:, [0, -1]].any()


class Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.shown.append(str(dict(attrs)["alt"]))
        assert tag not in ("script", "link", "iframe")


@pytest.mark.slow
def test_the_page_holds_everything_and_loads_nothing(
    shown: list[Word], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "words", lambda: shown)
    out = tmp_path / "page.html"
    catalogue.write_catalogue(out, paint=False, size=(48, 36), progress=lambda *_: None)
    page = Pictures()
    page.feed(out.read_text())
    assert set(SHAPES) <= set(page.shown)
    assert len(page.shown) == len(list(SHAPES)) + sum(len(entry["values"]) for entry in ENTRIES)
    assert 'src="http' not in out.read_text()
