"""Drawings are where the labels are, to the pixel; verdicts are those of the score."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from verdicts import FOUND, LABEL, Photographs, labelled, photograph

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.dataset.examples import Example
from generator.report.drawing import GREEN, ORANGE, RED, Canvas, distinct, enlargement, rim
from generator.report.sheet import CAPTION, GAP, draw, save, sheet
from generator.report.svg import element, ticks
from generator.report.verdicts import draw_detections, missed
from generator.train.score import Detection, Detections, judge, score


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


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0, 187) == [0, 50, 100, 150]
    assert ticks(0.03, 0.07, 4) == [0.03, 0.04, 0.05, 0.06, 0.07]


def test_elements_escape_names_and_values() -> None:
    made = str(element("text", element("b", 'a < "b"'), class_='x" onload="y', font_size=9.0))
    assert made == '<text class="x&#34; onload=&#34;y" font-size="9"><b>a &lt; &#34;b&#34;</b></text>'


def test_normals_stand_in_for_a_missing_picture(store: AssetStore) -> None:
    frame, _ = labelled(store)
    assert draw(Frame(**{**frame.__dict__, "rgb": None}), [LABEL]).shape == (360, 480, 3)
