"""The whole line, small: paint with Blender on Ray, balance, train, evaluate on the real photograph, report."""

import json
from pathlib import Path

import pytest
from conftest import ROOT
from pycocotools.coco import COCO
from test_cli import call

pytestmark = [pytest.mark.blender, pytest.mark.ray, pytest.mark.torch, pytest.mark.slow]
LABELS = ROOT / "assets/photos/coins/coins.json"
CONFIG = f"""\
run: small
scene: {ROOT}/scenes/coins.yaml
frames: {{train: 6, val: 2}}
size: [96, 152]
farm: {{shard: 2}}
balance: {{caps: {{crowded: 0.5}}}}
real:
  train: {{labels: {LABELS}, images: "package:skimage/data", crop: [0, 0, 186, 303]}}
  val: {{labels: {LABELS}, images: "package:skimage/data", crop: [0, 0, 186, 303]}}
  test: {{labels: {LABELS}, images: "package:skimage/data", crop: [186, 0, 384, 303]}}
train: {{arms: [synthetic, mixed], steps: 3, batch: 2, size: 96}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.yaml").write_text(CONFIG)
    done = call("run", "small.yaml", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_stage_leaves_its_result(folder: Path) -> None:
    from generator.train.checkpoint import load

    run = folder / "runs/small"
    assert json.loads((run / "dataset/selection.json").read_text())["kept"]
    for arm in ("synthetic-0", "mixed-0"):
        evaluation = json.loads((run / "train" / arm / "evaluation.json").read_text())
        assert evaluation["images"] == 1 and evaluation["objects"] == 12 and evaluation["mask"] is not None
        told = json.loads((run / "train" / arm / "result.json").read_text())
        assert told["versions"]["numbers"] == load(run / "train" / arm / "model.pt")["numbers"]
        assert told["config"]["real_share"] == 0.5, "what `auto` came to"
    page = (run / "report.html").read_text()
    assert page.count("data:image/") >= 3 and "://" not in page.replace("http://www.w3.org", "")


def test_every_frame_was_audited_against_cycles(folder: Path) -> None:
    from generator.dataset.store import Dataset

    frames = Dataset.open(folder / "runs/small/dataset").frames
    compared, differ = (sum(f.audit[key] for f in frames) for key in ("compared", "disagree"))
    assert compared == len(frames) * 96 * 152 and differ / compared < 5e-4


def test_run_again_does_nothing(folder: Path) -> None:
    kept = [p for p in (folder / "runs/small").rglob("*") if p.suffix in (".tar", ".parquet", ".pt")]
    before = {p: p.stat().st_mtime_ns for p in kept}
    assert call("run", "small.yaml", folder=folder).returncode == 0
    assert {p: p.stat().st_mtime_ns for p in kept} == before and len(kept) >= 10


def test_exported_coco_is_read_back_equal(folder: Path) -> None:
    """Every mask's area, box and category by pycocotools against the data set's own labels."""
    from generator.dataset.store import Dataset

    dataset = folder / "runs/small/dataset"
    assert call("export", dataset, "--format", "coco", "--all", "-o", folder / "coco").returncode == 0
    checked = 0
    for split in ("train", "val"):
        coco = COCO(str(folder / f"coco/{split}.json"))
        images = {Path(i["file_name"]).stem: i["id"] for i in coco.dataset["images"]}
        for record, frame, _ in Dataset.open(dataset):
            if record.split != split:
                continue
            exported = sorted(coco.loadAnns(coco.getAnnIds([images[record.key]])), key=lambda a: a["id"])
            for one, annotation in zip(frame.annotated, exported, strict=True):
                mask = coco.annToMask(annotation).astype(bool)
                x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
                assert (mask == frame.mask(one.id)).all() and annotation["area"] == one.visible_pixels
                assert annotation["bbox"] == [x0, y0, x1 - x0, y1 - y0] and annotation["category_id"] == one.category
                checked += 1
    assert checked > 20
