"""Drawings are where the labels are, to the pixel; the page holds the run's numbers and nothing from elsewhere."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing
from scipy import ndimage

from generator.assets.store import AssetStore
from generator.balance.check import check
from generator.balance.plan import Looked, plan
from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.dataset import rle
from generator.dataset.atomic import write_json
from generator.dataset.examples import Example
from generator.dataset.selection import SELECTION
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.report.drawing import GREEN, ORANGE, RED, Canvas, distinct, enlargement, rim
from generator.report.page import write_report
from generator.report.results import MEASURES, read_trained, worths
from generator.report.sheet import CAPTION, GAP, chosen, draw, frame_sheet, save, sheet
from generator.report.showing import caveats
from generator.report.svg import element, ticks
from generator.report.verdicts import draw_detections, missed
from generator.spec.balancing import Balance
from generator.spec.config import RunConfig
from generator.train.score import Detection, Detections, judge, score

LABEL = "<i>thing & co</i>"
RULES = Balance(caps={"near": 0.5}, floors={"near": 0.1})
VOID = {"meta", "img", "br", "link", "input", "hr"}


# Pictures


def test_a_box_covers_exactly_the_outermost_pixels_inside_it() -> None:
    x0, y0, x1, y1 = box = (2, 3, 9, 7)
    for scale in (1, 3):
        canvas = Canvas(np.zeros((12, 16, 3), np.uint8), scale)
        canvas.box(box, (255, 0, 0))
        drawn = {(int(x), int(y)) for y, x in np.argwhere(canvas.pixels[..., 0] == 255)}
        columns, rows = range(x0 * scale, x1 * scale), range(y0 * scale, y1 * scale)
        expected = {(x, y) for x in columns for y in rows if x in (columns[0], columns[-1]) or y in (rows[0], rows[-1])}
        assert drawn == expected


def test_a_box_that_leaves_the_picture_is_cut_and_dashes_have_gaps() -> None:
    canvas = Canvas(np.zeros((20, 20, 3), np.uint8))
    canvas.box((-5, 4, 30, 40), (9, 9, 9), dashed=True)
    top = canvas.pixels[4, :, 0]
    assert canvas.pixels[:4].max() == 0
    assert 0 < (top == 9).sum() < 20


@pytest.mark.parametrize("scale", [1, 2])
def test_outlines_lie_on_the_boundary_of_the_mask_and_nothing_outside_it_changes(scale: int) -> None:
    mask = np.zeros((30, 40), bool)
    y, x = np.ogrid[:30, :40]
    mask[np.hypot(x - 12, y - 14) < 10] = True
    mask[10:14, 10:14] = False
    mask[0:6, 30:40] = True
    canvas = Canvas(np.full((30, 40, 3), 100, np.uint8), scale)
    canvas.mask(mask, (255, 0, 0))
    large = np.kron(mask, np.ones((scale, scale))).astype(bool)
    boundary = large & ~ndimage.binary_erosion(large, border_value=0)
    assert np.array_equal((canvas.pixels == (255, 0, 0)).all(-1), boundary)
    assert (canvas.pixels[~large] == 100).all()
    assert (canvas.pixels[large & ~boundary] == np.rint(0.8 * 100 + 0.2 * np.array([255, 0, 0]))).all()


def test_rims_of_thin_masks_are_the_masks() -> None:
    line = np.zeros((5, 9), bool)
    line[2, 1:8] = True
    assert np.array_equal(rim(line), line)


def test_small_pictures_are_enlarged_until_they_can_be_judged() -> None:
    assert [enlargement(size) for size in ((480, 640), (304, 192), (120, 160), (16, 16))] == [1, 2, 3, 4]


def test_neighbouring_colours_differ() -> None:
    colors = np.array([distinct(k) for k in range(24)], int)
    assert np.abs(np.diff(colors, axis=0)).sum(1).min() > 120


def labelled(store: AssetStore, index: int = 0, count: int = 2) -> tuple[Frame, SceneSample]:
    """A scene of spheres and a distractor; its normals are its picture."""
    from generator.truth.labels import label

    balls = [thing("sphere", (0.3 * k - 0.3, 0.02 * index, 0), (0.2, 0.2, 0.2), label=LABEL) for k in range(count)]
    one = scene(*balls, thing("box", (0, 0.5, 0), (0.2, 0.2, 0.2), label=None), classes=(LABEL,), index=index)
    frame = label(one, store)
    return frame.with_rgb(np.rint(255 * (0.5 + 0.5 * frame.normal)).astype(np.uint8)), one


def test_a_drawn_frame_marks_what_is_annotated_and_leaves_distractors_alone(store: AssetStore) -> None:
    frame, _ = labelled(store)
    assert frame.rgb is not None
    plain = draw(frame, [LABEL], scale=1, names=False)
    for number, one in enumerate(frame.annotated):
        x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
        assert (plain[[y0, y1 - 1], x0:x1] == distinct(number)).all()
        assert (plain[y0:y1, [x0, x1 - 1]] == distinct(number)).all()
        mask = frame.mask(one.id)
        edge = mask & ~ndimage.binary_erosion(mask)
        assert (plain[edge] == distinct(number)).all(-1).mean() > 0.95  # other boxes may cross it
    touched = (plain != frame.rgb).any(-1)
    boxes = np.zeros(touched.shape, bool)
    for one in frame.annotated:
        x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
        boxes[y0:y1, x0:x1] = True
    assert not touched[~boxes].any()
    distractor = frame.instances[-1]
    x0, y0, _, _ = distractor.box or (0, 0, 0, 0)
    assert (draw(frame, [LABEL], 1, False, distractors=True)[y0, x0] == 150).all()


def test_an_example_is_drawn_like_a_frame() -> None:
    example = photograph()
    drawn = draw(example, ["thing"], scale=1, names=False)
    assert (drawn[10, 10:30] == distinct(0)).all()
    named = draw(example, ["thing"], scale=1)
    assert (named[36:49, 10:30] != drawn[36:49, 10:30]).any()  # above the box where there is room
    assert np.array_equal(named[:10], drawn[:10])


def test_a_sheet_has_its_pictures_in_rows(tmp_path: Path) -> None:
    pictures = [np.full((20, 30, 3), 40 * k, np.uint8) for k in range(1, 6)]
    page = sheet(pictures, columns=2, captions=list("abcde"))
    assert page.size == (2 * 30 + GAP, 3 * (20 + CAPTION) + 2 * GAP)
    for k in range(5):
        x, y = k % 2 * (30 + GAP), k // 2 * (20 + GAP + CAPTION)
        assert page.getpixel((x, y)) == page.getpixel((x + 29, y + 19)) == (40 * (k + 1),) * 3
        assert page.getpixel((x + 15, y + 20)) == (255, 255, 255)
    save(page, tmp_path / "sheet.png")
    from PIL import Image

    with Image.open(tmp_path / "sheet.png") as opened:
        assert opened.format == "PNG" and opened.size == page.size


# Verdicts


def photograph() -> Example:
    """Three objects of 20 x 20 pixels and an ignored region."""
    boxes = np.array([[10, 10, 30, 30], [50, 10, 70, 30], [90, 10, 110, 30], [10, 50, 40, 80]], np.float32)
    masks = np.zeros((4, 100, 120), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(int), strict=True):
        mask[y0:y1, x0:x1] = True
    image = np.full((100, 120, 3), 90, np.uint8)
    return Example(image, boxes, np.ones(4, np.int64), masks, np.array([False, False, False, True]), "photo <1>")


def detection(x: float, y: float, side: float = 20, sure: float = 0.9) -> Detection:
    mask = np.zeros((100, 120), bool)
    mask[int(y) : int(y + side), int(x) : int(x + side)] = True
    counts = rle.encode(mask)["counts"]
    return Detection(box=(x, y, x + side, y + side), label=1, score=sure, size=(100, 120), counts=counts)


FOUND = (detection(11, 10), detection(12, 10, sure=0.8), detection(52, 11, sure=0.7), detection(90, 60, sure=0.6),
         detection(12, 52, 26, sure=0.55))  # fmt: skip


class Photographs:
    name, classes, masks = "photos/test.json", (LABEL,), True

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Example:
        return photograph()


def test_verdicts_are_counted_and_coloured_as_the_score_counts_them() -> None:
    example = photograph()
    verdict = draw_detections(example, FOUND, ["thing"], scale=1)
    assert (verdict.found, verdict.false, verdict.missed, verdict.objects) == (2, 2, 1, 3)
    counts = score(Photographs(), [Detections(key=example.key, items=FOUND)], 0.5).box_counts
    found = (counts.true_positives, counts.false_positives, counts.missed)
    assert found == (verdict.found, verdict.false, verdict.missed)
    assert tuple(verdict.picture[29, 11]) == GREEN
    assert tuple(verdict.picture[79, 100]) == RED
    assert tuple(verdict.picture[29, 90]) == ORANGE
    assert tuple(verdict.picture[10, 90]) == ORANGE


def test_what_is_missed_is_what_no_hit_takes() -> None:
    """Against the definition: a hit takes the free object of its class with the greatest overlap."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        corners = rng.uniform(0, 60, (8, 2))
        boxes = np.hstack([corners, corners + 20]).astype(np.float32)
        labels = rng.integers(1, 3, 8)
        example = Example(np.zeros((100, 100, 3), np.uint8), boxes, labels, None, rng.random(8) < 0.2, "x")
        items = tuple(
            Detection(box=tuple(map(float, box + rng.normal(0, 3, 4))), label=int(label), score=1 - k / 9, size=(9, 9))
            for k, (box, label) in enumerate(zip(boxes, labels, strict=True))
        )
        verdicts = judge(example, items, "bbox")
        lost = missed(example, items, verdicts)
        assert len(lost) == int((~example.ignore).sum()) - verdicts.count(True)
        assert not example.ignore[lost].any()


# Charts


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0, 187) == [0, 50, 100, 150]
    assert ticks(0.03, 0.07, 4) == [0.03, 0.04, 0.05, 0.06, 0.07]


def test_elements_escape_names_and_values() -> None:
    made = str(element("text", element("b", 'a < "b"'), class_='x" onload="y', font_size=9.0))
    assert made == '<text class="x&#34; onload=&#34;y" font-size="9"><b>a &lt; &#34;b&#34;</b></text>'


# The page


@pytest.fixture
def run(tmp_path: Path, store: AssetStore) -> Path:
    """A run with everything: twelve frames, one of them in quarantine, two arms, two seeds each."""
    manifest = Manifest(scene="balls", spec="5" * 64, assets="a" * 64, seed=0, classes=(LABEL,), size=(160, 120),
                        labels=(), versions={"painter": "normals 1.5"})  # fmt: skip
    dataset = Dataset.create_or_check(tmp_path / "dataset", manifest)
    writer = ShardWriter(dataset.folder, 0, ())
    seen = plan(look, "train", 12, RULES, (LABEL,), 0)
    seen.save(dataset.folder / "plan-train.json")
    for ticket in seen.tickets:
        frame, sample = labelled(store, ticket.index, 1 + ticket.index % 3)
        audit = {
            "compared": 19200.0,
            "disagree": float(ticket.index),
            "inner": 0.0,
            "depth_error": 3e-7,
            "overlap": 1.0,
        }
        if ticket.index == 5:
            writer.reject("train", sample, "<script>alert(1)</script>", audit=audit)
        else:
            tags = ("near",) if ticket.index % 3 == 0 else ()
            writer.add("train", frame, sample, facts={}, tags=tags, planned=ticket.tags, audit=audit)
    writer.commit()
    opened = Dataset.open(dataset.folder)
    check(opened, RULES).save(dataset.folder / SELECTION)
    painting = {"painted": 11, "quarantined": {"train 5": "x"}, "looked": 12, "seconds": {"render": 24.0, "label": 6.0},
                "memory": 512.0, "device": "cpu", "deaths": 0}  # fmt: skip
    write_json(dataset.folder / "painting.json", painting)
    write_json(tmp_path / "config.json", config().model_dump(mode="json"))
    for arm, seed, count in (("synthetic", 0, 5), ("synthetic", 1, 1), ("mixed", 0, 3), ("mixed", 1, 5)):
        trained(tmp_path / "train" / f"{arm}-{seed}", FOUND[:count])
    return tmp_path


def look(indices: Any) -> list[Looked]:
    return [Looked(i, ("near",) if i % 3 == 0 else (), {LABEL: 1 + i % 3}) for i in indices]


def config() -> RunConfig:
    real = {"labels": "photos/test.json", "crop": [0, 0, 50, 50]}
    train = {"arms": ["synthetic", "mixed"], "steps": 20, "batch": 4, "real_share": 0.25, "seeds": 2}
    return RunConfig.model_validate(
        {"run": "balls", "scene": "balls.yaml", "frames": {"train": 12}, "size": [160, 120], "train": train,
         "balance": RULES.model_dump(), "real": {"train": real, "test": {**real, "crop": [50, 0, 99, 50]}}}
    )  # fmt: skip


def trained(folder: Path, found: tuple[Detection, ...]) -> None:
    evaluation = score(Photographs(), [Detections(key=photograph().key, items=found)], 0.5)
    write_json(folder / "evaluation.json", evaluation.model_dump(mode="json"))
    log = [{"step": k, "loss_mask": 2 / (k + 1), "loss_classifier": 1.0} for k in range(20)]
    (folder / "log.jsonl").write_text("".join(json.dumps(step) + "\n" for step in log))


class Reader(HTMLParser):
    """Collects text, tags and everything that a browser would load; insists that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names) and not any(name.startswith("on") for name in names)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_one_file_with_nothing_from_elsewhere(run: Path) -> None:
    path = write_report(run, Photographs(), Photographs())
    text = path.read_text()
    page = Reader(text)
    assert path == run / "report.html"
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert page.loads and all(load.startswith(("data:image/", "#")) for load in page.loads)
    assert "url(" not in text and "@import" not in text and "http" not in text.replace("http-equiv", "")
    assert text == write_report(run, Photographs(), Photographs()).read_text()


def test_the_page_shows_the_numbers_of_the_run(run: Path) -> None:
    page = Reader(write_report(run, Photographs(), Photographs()).read_text()).text
    runs = read_trained(run)
    assert [(one.arm, one.seed) for one in runs] == [("synthetic", 0), ("synthetic", 1), ("mixed", 0), ("mixed", 1)]
    for arm in (runs[:2], runs[2:]):
        for measure in MEASURES.values():
            values = [measure(one.evaluation) for one in arm if one.evaluation]
            assert f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" in page
    assert "Found 2 of 3 in a real photograph" in page
    assert "2 of 3 found, 2 false alarms, 1 missed" in page
    kept = len(json.loads((run / "dataset" / SELECTION).read_text())["kept"])
    assert f"{kept} images that did not exist before" in page
    assert "80 synthetic" in page and "20 real + 60 synthetic" in page  # 20 steps of 4, a quarter of them real
    assert (
        "2.50 s of one worker" in page and "2 s (80%)" in page and "0.5 s (20%)" in page
    )  # 24 s and 6 s over 12 frames
    disagree = sum(i for i in range(12) if i != 5)
    assert f"{disagree} of 211,200 pixels disagree ({100 * disagree / 211200:.4f} %)" in page
    assert "cap 50%" in page and "floor 10%" in page
    assert "normals 1.5" in page and "5" * 64 in page
    assert "not recorded" in page  # the wall time is not in painting.json


def test_names_are_text_and_never_markup(run: Path) -> None:
    text = write_report(run, Photographs(), Photographs()).read_text()
    assert LABEL not in text and "<script" not in text and "photo <1>" not in text
    page = Reader(text).text
    assert LABEL in page and "<script>alert(1)</script>" in page and "photo <1>" in page


def test_what_is_missing_is_said_to_be_missing(run: Path) -> None:
    for path in [*run.glob("train/*/*"), run / "config.json", run / "dataset" / "painting.json",
                 run / "dataset" / "plan-train.json", run / "dataset" / SELECTION]:  # fmt: skip
        path.unlink()
    for folder in (*run.glob("train/*"), run / "train"):
        folder.rmdir()
    page = Reader(write_report(run).read_text()).text
    for words in ("No detector was trained", "No plan is at hand", "not yet selected", "no training logs",
                  "How long painting took was not recorded"):  # fmt: skip
        assert words in page
    assert "11 labelled pictures" in page


def test_half_a_record_of_painting_is_enough(run: Path) -> None:
    write_json(run / "dataset" / "painting.json", {"painted": 2, "seconds": {"render": 5.0}})
    page = Reader(write_report(run, Photographs()).read_text()).text
    assert "2.50 s of one worker" in page and "device not recorded" in page


def test_detectors_without_a_data_set_make_a_page_too(tmp_path: Path) -> None:
    trained(tmp_path / "train" / "synthetic-0", FOUND)
    page = Reader(write_report(tmp_path, Photographs()).read_text()).text
    assert "Found 2 of 3" in page and "There are no painted frames." in page
    assert "there is nothing to compare it with" in page


def test_nothing_and_damage_are_errors(tmp_path: Path, run: Path) -> None:
    with pytest.raises(DatasetError, match="neither a data set nor a detector"):
        write_report(tmp_path / "empty")
    (run / "train" / "mixed-0" / "evaluation.json").write_text('{"source": 1}')
    with pytest.raises(DatasetError, match="mixed-0"):
        write_report(run)


def test_differences_are_taken_seed_by_seed(run: Path) -> None:
    (one,) = worths(read_trained(run))
    assert (one.better, one.than) == ("mixed", "synthetic")
    assert one.differences["found"].values == (0.0, 1.0)  # 2 - 2 and 2 - 1
    assert one.differences["found"].text(sign=True) == "+0.5 ± 0.7"


def test_photographs_that_are_in_two_sets_are_told() -> None:
    apart = " ".join(caveats(config(), None, []))
    assert "Test and training photographs are separate parts of the same pictures" in apart and "Beware" not in apart
    real = config().real
    assert real is not None and real.train is not None
    same = real.model_copy(update={"train": real.train.model_copy(update={"crop": (0, 0, 60, 50)})})
    told = " ".join(caveats(config().model_copy(update={"real": same}), None, []))
    assert "Beware: training and test photographs share pixels" in told


def test_a_frame_sheet_shows_every_tag(run: Path) -> None:
    dataset = Dataset.open(run / "dataset")
    frames = chosen(dataset.frames, 4, 0)
    assert len({frame.key for frame in frames}) == 4
    assert {tag for frame in frames for tag in frame.tags} == {"near"}
    assert frames == chosen(list(reversed(dataset.frames)), 4, 0)
    assert len(chosen(dataset.frames, 100, 0)) == len(dataset)
    page = frame_sheet(dataset, 4, columns=2)
    assert page.size == (2 * 480 + GAP, 2 * (360 + CAPTION) + GAP)


def test_normals_stand_in_for_a_missing_picture(store: AssetStore) -> None:
    frame, _ = labelled(store)
    assert draw(Frame(**{**frame.__dict__, "rgb": None}), [LABEL]).shape == (360, 480, 3)
