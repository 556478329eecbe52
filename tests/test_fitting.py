"""Fitting ranges, against sets whose ranges are known because another scene made them."""

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError, InputError
from generator.cli import app
from generator.fitting.looks import Studio
from generator.fitting.photographs import read_real
from generator.fitting.rounds import Fitted, Fitter
from generator.report.fitted import write_fitted
from generator.sampling.sampler import Sampler
from generator.spec.load import load_scene
from generator.spec.yaml import read
from generator.truth.labels import label

SIZE = (160, 120)
SCENE = """\
# Balls on a table.
scene: balls
classes: [ball]
stage: {{size: [6, 6]}}
objects:
  balls:                       # as many as wanted
    label: ball
    asset: {{shape: sphere, radius: 0.06, subdivisions: 2}}
    count: {count}
    place: {{on: stage, area: [0.7, 0.7]}}
  boxes: {{label: none, asset: {{shape: box, x: 0.05, y: 0.05, z: 0.05}}, count: 1, place: {{on: stage, area: [0.7, 0.7]}}}}
camera:
  position: {{shell: {{radius: {radius}, elevation: [60, 80]}}}}  # from above
  within: {within}
  focal_length: 50
world: {{strength: 0.5}}
render:
  exposure: {exposure}
"""
Write = Callable[[str, str], Path]


def balls(write: Write, name: str, **values: Any) -> Path:
    defaults = {"count": 3, "radius": [1.0, 1.2], "within": 0.0, "exposure": 0}
    return write(name, SCENE.format(**{**defaults, **values}))


def as_real(scene: Path, store: AssetStore, folder: Path, n: int = 120, paint: bool = False) -> Path:
    """COCO labels of scenes of another seed, with grey or painted pictures beside them."""
    from generator.render.painter import make_painter

    sampler, painter = Sampler(load_scene(scene), store, SIZE), make_painter("raycast", store)
    (folder / "train").mkdir(parents=True)
    data: dict[str, Any] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "ball"}]}
    for k in range(n):
        sample = sampler(77, k)
        rgb = painter.paint(sample).rgb if paint else np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
        Image.fromarray(rgb).save(folder / "train" / f"{k}.png")
        data["images"].append({"id": k, "file_name": f"{k}.png", "width": SIZE[0], "height": SIZE[1]})
        for one in label(sample, store).annotated:
            x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
            entry = {
                "id": len(data["annotations"]),
                "image_id": k,
                "category_id": 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
            }
            data["annotations"].append(entry)
    path = folder / "train.json"
    path.write_text(json.dumps(data))
    return path


def fit(labels: Path, scene: Path, n: int = 100, pictures: int = 0, rounds: int = 5) -> Fitted:
    real = read_real(labels, "", load_scene(scene).classes, lambda done, total: None)
    with Studio((), real.size) as studio:
        return Fitter(scene, real, studio, lambda *_: None, n, pictures, rounds).fit()


def before_after(fitted: Fitted, key: str) -> tuple[float, float]:
    row = next(row for row in fitted.rows if row.key == key)
    return row.before, row.after


@pytest.fixture(scope="module")
def real(store: AssetStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One to three balls, from 1.6 to 2.2 m."""
    folder = tmp_path_factory.mktemp("real")
    write = lambda name, text: [(folder / name).write_text(text), folder / name][1]  # noqa: E731
    scene = balls(write, "real.yaml", count="{pick: {1: 1, 2: 2, 3: 1}}", radius=[1.6, 2.2])
    return as_real(scene, store, folder)


@pytest.fixture(scope="module")
def fitted(real: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fitted]:
    """A scene of one to six balls from 0.8 to 1.2 m, fitted to them."""
    folder = tmp_path_factory.mktemp("wrong")
    write = lambda name, text: [(folder / name).write_text(text), folder / name][1]  # noqa: E731
    scene = balls(write, "wrong.yaml", count="{integers: [1, 6]}", radius=[0.8, 1.2])
    return scene, fit(real, scene)


def test_distances_fall_to_what_chance_explains(fitted: tuple[Path, Fitted]) -> None:
    for key in ("count.ball", "size.ball"):
        before, after = before_after(fitted[1], key)
        assert before > 0.35 and after < 0.17, f"{key}: {before:.2f} -> {after:.2f}"


def test_parameters_are_recovered(fitted: tuple[Path, Fitted], write: Write) -> None:
    data = read(write("fitted.yaml", fitted[1].text)).data
    near, far = data["camera"]["position"]["shell"]["radius"]
    assert near == pytest.approx(1.6, rel=0.1) and far == pytest.approx(2.2, rel=0.1)
    weights = data["objects"]["balls"]["count"]["pick"]
    mean = sum(k * w for k, w in weights.items()) / sum(weights.values())
    assert mean == pytest.approx(2, abs=0.25)
    assert sum(w for k, w in weights.items() if 1 <= k <= 3) > 0.9 * sum(weights.values())


def test_only_values_change_and_their_lines_say_so(fitted: tuple[Path, Fitted]) -> None:
    scene, found = fitted
    old, new = scene.read_text().splitlines(), found.text.splitlines()
    lines = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    assert lines and all("# fitted to 120 images" in line for line in lines if line[0] == "+")
    lost = [line for line in lines if line[0] == "-"]
    assert len(lost) <= 3 and all("count:" in line or "position:" in line or "within:" in line for line in lost)
    assert new[0] == "# Balls on a table." and "  balls:                       # as many as wanted" in new
    position = next(line for line in new if "position:" in line)
    assert "elevation: [60, 80]" in position and "# from above" in position
    load_scene(scene.with_name("wrong.yaml"))
    assert scene.read_text() == "\n".join(old) + "\n"


def test_the_same_again(fitted: tuple[Path, Fitted], real: Path) -> None:
    scene, found = fitted
    assert fit(real, scene).text == found.text


def test_a_scene_that_fits_is_left_alone(real: Path) -> None:
    scene = real.parent / "real.yaml"
    found = fit(real, scene, n=60)
    assert found.text == scene.read_text() and not found.changed and found.before is found.after


def test_objects_of_another_place_draw_the_camera(store: AssetStore, write: Write, tmp_path: Path) -> None:
    """A camera that aims 12 cm off and wanders: pan and tilt or nothing else can say so."""
    away = balls(write, "away.yaml", radius=[1.4, 1.6], within=0.35)
    scene = balls(write, "still.yaml", radius=[1.4, 1.6])
    found = fit(as_real(away, store, tmp_path / "away", n=80), scene, n=100)
    for key in ("x.ball", "y.ball"):
        before, after = before_after(found, key)
        assert after < max(0.7 * before, 0.14), f"{key}: {before:.2f} -> {after:.2f}"
    assert {place for place, _, _ in found.changed} & {"camera.pan", "camera.tilt"}


def test_a_handful_of_near_objects_brings_everything_nearer(store: AssetStore, write: Write, tmp_path: Path) -> None:
    """Five pictures of one ball that fills half of each; the scene strews them over a table, seen from a metre."""
    near = balls(write, "near.yaml", count=1, radius=[0.24, 0.28])
    near.write_text(near.read_text().replace("area: [0.7, 0.7]", "area: [0.05, 0.05]", 1))
    scene = balls(write, "strewn.yaml", count="{integers: [1, 3]}")
    found = fit(as_real(near, store, tmp_path / "near", n=5), scene, n=80, rounds=8)
    real, before, after = (np.log(np.median(one.get("size.ball"))) for one in (found.real, found.before, found.after))
    assert real - before > 1 and abs(real - after) < 0.5 * (real - before)
    data = read(write("fitted.yaml", found.text)).data
    assert data["camera"]["position"]["shell"]["radius"][1] < 0.5
    assert max(data["objects"]["balls"]["place"]["area"]) < 0.5, "most would lie outside of the picture"


def test_what_floats_is_kept_off_what_stands(store: AssetStore, write: Write, tmp_path: Path) -> None:
    """Balls that lie apart, seen from above; the scene lets as many float before them."""
    apart = balls(write, "apart.yaml", count=5)
    scene = balls(write, "flown.yaml")
    place = "{in: frustum, depth: [0.9, 1.1], gap: 0, short: skip}"
    flown = (
        f"  flown: {{label: ball, asset: {{shape: sphere, radius: 0.06, subdivisions: 2}}, count: 6, place: {place}}}"
    )
    scene.write_text(scene.read_text().replace("objects:\n", f"objects:\n{flown}\n", 1))
    found = fit(as_real(apart, store, tmp_path / "apart", n=60), scene, n=100)
    before, after = before_after(found, "overlap.ball")
    assert after < 0.6 * before, f"{before:.2f} -> {after:.2f}"
    assert read(write("fitted.yaml", found.text)).data["objects"]["flown"]["place"]["overlap"] < 0.7


def test_brightness_is_recovered(store: AssetStore, write: Write, tmp_path: Path) -> None:
    bright = balls(write, "bright.yaml", exposure="{uniform: [-2.5, -1.5]}", radius=[1.0, 1.1])
    scene = balls(write, "dark.yaml", exposure=0.5, radius=[1.0, 1.1])
    found = fit(as_real(bright, store, tmp_path / "bright", n=24, paint=True), scene, n=20, pictures=16, rounds=1)
    exposure = read(write("fitted.yaml", found.text)).data["render"]["exposure"]
    assert (exposure["normal"][0] if isinstance(exposure, dict) else exposure) == pytest.approx(-2, abs=0.4)
    before, after = before_after(found, "brightness")
    assert before > 0.9 and after < 0.4


def test_labels_that_cannot_be_fitted_to(real: Path, tmp_path: Path) -> None:
    data = json.loads(real.read_text())

    def told(**changes: Any) -> str:
        path = tmp_path / "train.json"
        path.write_text(json.dumps({**data, **changes}))
        with pytest.raises((DatasetError, InputError)) as error:
            read_real(path, str(real.with_suffix("")), ("ball",), lambda *_: None)
        return str(error.value)

    assert "no annotated object of ball" in told(annotations=[])
    assert "are none of the scene's: ball" in told(categories=[{"id": 1, "name": "bell"}])
    outside = [{**data["annotations"][0], "bbox": [500, 10, 20, 20]}]
    assert "leaves the 160x120 picture" in told(annotations=outside)


def test_pictures_that_cannot_be_decoded_are_all_named(real: Path, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    for one in sorted(real.with_suffix("").iterdir()):
        cut = one.name in ("3.png", "7.png")
        (tmp_path / "train" / one.name).write_bytes(one.read_bytes()[: 60 if cut else None])
    (tmp_path / "train.json").write_text(real.read_text())
    with pytest.raises(InputError) as error:
        read_real(tmp_path / "train.json", "", ("ball",), lambda *_: None)
    assert len(error.value.problems) == 2 and "3.png" in str(error.value) and "7.png" in str(error.value)


def test_classes_of_one_side_only_and_test_labels_are_told(real: Path, tmp_path: Path) -> None:
    data = json.loads(real.read_text())
    path = tmp_path / "my_test.json"
    cup = {**data["annotations"][0], "id": 10**6, "category_id": 2}
    names = [*data["categories"], {"id": 2, "name": "mug"}, {"id": 3, "name": "things"}]  # of the last there are none
    path.write_text(json.dumps({**data, "annotations": [*data["annotations"], cup], "categories": names}))
    notes = " ".join(read_real(path, str(real.with_suffix("")), ("ball", "cone"), lambda *_: None).notes)
    assert "'mug' is labelled" in notes and "'cone' of the scene is not labelled" in notes and "'things'" not in notes
    assert "must be fitted on training labels" in notes


def test_page_and_verb(real: Path, fitted: tuple[Path, Fitted], tmp_path: Path) -> None:
    scene, found = fitted
    write_fitted(tmp_path / "a.html", scene.name, real.name, found)
    page = (tmp_path / "a.html").read_text()
    assert (
        page.count("<svg") == 2 * len(found.rows)
        and "<script" not in page
        and "http" not in page.replace("http-equiv", "")
    )
    arguments = ["fit-ranges", str(real), str(scene), "-o", str(tmp_path / "new.yaml"), "-n", "40", "--rounds", "1"]
    arguments += ["--pictures", "0", "--workers", "1", "--report", str(tmp_path / "b.html")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    load_scene(tmp_path / "new.yaml")
    assert "objects.balls.count" in done.output and (tmp_path / "b.html").exists()
