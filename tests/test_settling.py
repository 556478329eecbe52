"""Cards of folders that are added to again: what is there stays true."""

from pathlib import Path

import pytest
import yaml
from test_intake import CARD, boxed, contents

from generator.assets.catalog import Card, Catalog, file_sha256
from generator.assets.intake import take_in
from generator.base.errors import AssetError


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (Card(label="mug", licence="MIT", scale=0.001, up="z"), "licence 'CC-BY-4.0' there, 'MIT' here"),
        (Card(label="mug", licence="CC-BY-4.0", up="z"), "scale 0.001 there, 1.0 here"),
        (Card(label="mug", licence="CC-BY-4.0", scale=0.001), "up 'z' there, None here"),
    ],
)
def test_what_a_card_says_of_files_that_are_there_stays_true(tmp_path: Path, card: Card, words: str) -> None:
    root = tmp_path / "assets"
    take_in(boxed(tmp_path / "a/old.stl", 80), root, Card(label="mug", licence="CC-BY-4.0", scale=0.001, up="z"))
    before = contents(root)
    with pytest.raises(AssetError, match=words):
        take_in(boxed(tmp_path / "b/new.stl"), root, card)
    assert contents(root) == before
    take_in(tmp_path / "b/new.stl", root / "mug-2", card)
    catalog = Catalog.open(root)
    assert catalog["mug/old"].scale == 0.001 and catalog["mug/old"].licence == "CC-BY-4.0"
    assert catalog["mug-2/mug/new"].label == "mug" and catalog["mug-2/mug/new"].scale == card.scale


def test_what_was_written_by_hand_stays(tmp_path: Path) -> None:
    root = tmp_path / "assets"
    take_in(boxed(tmp_path / "a/old.stl"), root, CARD)
    path = root / "mug/asset.yaml"
    path.write_text(path.read_text() + "notes: chipped\n")
    take_in(boxed(tmp_path / "b/new.stl"), root, CARD)
    card = yaml.safe_load(path.read_text())
    assert card["notes"] == "chipped" and card["licence"] == "CC0-1.0" and set(card["files"]) == {"old.stl", "new.stl"}
    assert all(file_sha256(root / "mug" / name) == sha for name, sha in card["files"].items())
    path.write_text(path.read_text() + "keypoints: {rim: [0, 0, 0.04]}\n")
    before = contents(root)
    take_in(tmp_path / "a/old.stl", root, CARD)
    with pytest.raises(AssetError, match="keypoints"):
        take_in(boxed(tmp_path / "c/third.stl"), root, CARD)
    assert contents(root) == before


def test_files_without_a_card_are_not_given_one(tmp_path: Path) -> None:
    root = tmp_path / "assets"
    boxed(root / "mug/own.stl")
    with pytest.raises(AssetError, match=r"scale 1\.0 there, 0\.001 here"):
        take_in(boxed(tmp_path / "new.stl"), root, Card(label="mug", scale=0.001))
