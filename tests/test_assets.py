"""What ships in assets/ says where it comes from, and the labels of the photograph are what they claim."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from pycocotools import mask as coco
from pycocotools.coco import COCO

from generator.assets.catalog import file_sha256

CARDS = sorted((ROOT / "assets").rglob("asset.yaml"))
COINS = ROOT / "assets/photos/coins/coins.json"


def test_every_file_has_a_card() -> None:
    files = [p for p in (ROOT / "assets").rglob("*") if p.is_file() and p.name != "asset.yaml"]
    assert files and all((p.parent / "asset.yaml").is_file() for p in files)


@pytest.mark.parametrize("path", CARDS, ids=lambda p: p.parent.name)
def test_cards_name_licence_source_and_true_hashes(path: Path) -> None:
    card = yaml.safe_load(path.read_text())
    assert card["licence"] and card["source"]
    for name, sha256 in card.get("files", {}).items():
        assert file_sha256(path.parent / name) == sha256


def test_the_coins_are_24_separate_regions_inside_the_photograph() -> None:
    labels = COCO(str(COINS))
    masks = np.stack([labels.annToMask(a) for a in labels.loadAnns(labels.getAnnIds())])
    assert masks.shape == (24, 303, 384) and masks.sum(0).max() == 1
    for annotation, mask in zip(json.loads(COINS.read_text())["annotations"], masks, strict=True):
        rle = coco.encode(np.asfortranarray(mask))
        assert coco.area(rle) == annotation["area"] and coco.toBbox(rle).tolist() == annotation["bbox"]


def test_the_coins_are_brighter_than_what_surrounds_them() -> None:
    """The labels fit the pixels: in the photograph, each coin's rim region is brighter inside than outside."""
    from scipy import ndimage
    from skimage.data import coins

    photo = coins().astype(float)
    labels = COCO(str(COINS))
    masks = [labels.annToMask(a).astype(bool) for a in labels.loadAnns(labels.getAnnIds())]
    anyone = np.any(masks, axis=0)
    for mask in masks:
        inside = mask & ~ndimage.binary_erosion(mask, iterations=4)
        outside = ndimage.binary_dilation(mask, iterations=5) & ~ndimage.binary_dilation(anyone, iterations=1)
        assert photo[inside].mean() > photo[outside].mean() + 30
