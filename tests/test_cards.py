"""The cards scene: its drawings are what their script draws, its faces the right way round, its words right."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

from generator.assets.catalog import Catalog
from generator.assets.pictures import read_rgb
from generator.spec.load import load_config, load_scene

FACES = ROOT / "../shared/data/cards_faces"
SCENE = ROOT / "scenes/proof/cards.yaml"


def test_the_drawings_are_what_the_script_draws() -> None:
    drawn = runpy.run_path(str(ROOT / "scripts/draw_cards"))["drawings"]()
    shipped = {
        p.relative_to(ROOT / "assets").with_suffix("").as_posix(): p.read_text()
        for name in ("cards", "grounds", "sheets")
        for p in (ROOT / "assets" / name).rglob("*.svg")
    }
    assert drawn == shipped


@pytest.mark.parametrize("face", ["narrow/9H", "bold/10D"])
def test_a_face_shows_its_index_at_the_upper_left_and_as_much_upside_down(face: str) -> None:
    red = np.ptp(read_rgb(ROOT / f"assets/cards/{face}.svg").astype(int), axis=2) > 100
    h, w = red.shape
    corner = red[: h // 8, : w // 5]
    assert 0.02 < corner.mean() < 0.6
    turned = red[::-1, ::-1][: h // 8, : w // 5]
    assert (corner == turned).mean() > 0.97


def test_every_class_has_faces_of_its_own_and_distractors_have_none_of_them() -> None:
    groups = yaml.safe_load(SCENE.read_text())["objects"]
    catalog = Catalog.open(ROOT / "assets")
    shown: dict[str, set[str]] = {}
    for group in groups.values():
        for texture in group.get("material", {}).get("textures", ()):
            if texture.get("mapping") == "uv":
                pick = texture["image"]["pick"]
                globs = [pick] if isinstance(pick, str) else pick
                found = {Path(n).name for glob in globs for n in catalog.glob(glob, ("image",))}
                shown[group["label"]] = shown.get(group["label"], set()) | found
    rank = {"nine": "9", "ten": "10", "jack": "J", "queen": "Q", "king": "K", "ace": "A"}
    for label, letter in rank.items():
        assert shown.pop(label) == {letter + suit for suit in "CDHS"}
    assert not [name for name in shown["none"] if name[:-1] in rank.values()]


@pytest.mark.skipif(not FACES.is_dir(), reason="the public domain deck is not in ../shared/data/cards_faces")
def test_scene_and_config_are_right() -> None:
    catalog = Catalog.open(ROOT / "assets", FACES)
    assert load_scene(SCENE, catalog).classes == ("nine", "ten", "jack", "queen", "king", "ace")
    assert load_config(ROOT / "configs/proof/cards.yaml").run == "cards"
