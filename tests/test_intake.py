"""Assets from strangers: taken in whole, checked, and never trusted."""

import base64
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
import yaml
from PIL import Image

from generator.assets.catalog import Card, Catalog, file_sha256
from generator.assets.inspection import inspect
from generator.assets.intake import take_in
from generator.assets.packs import PACKS, Pack, decode, fetch
from generator.base.errors import AssetError

CARD = Card(label="mug", licence="CC0-1.0", source="here")
BOX = "OFF\n8 12 0\n" + trimesh.exchange.off.export_off(trimesh.creation.box((0.1, 0.1, 0.1))).split("\n", 2)[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good mesh with its texture, one with a missing texture, a broken one, and a note."""
    place = tmp_path / "given"
    (place / "blue").mkdir(parents=True)
    obj = "mtllib blue.mtl\nv 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"
    (place / "blue" / "blue.obj").write_text(obj)
    (place / "blue" / "blue.mtl").write_text("newmtl m\nmap_Kd blue.png\n")
    Image.new("RGB", (4, 4), (0, 0, 255)).save(place / "blue" / "blue.png")
    (place / "red.obj").write_text(obj.replace("blue.mtl", "red.mtl"))
    (place / "red.mtl").write_text("newmtl m\nmap_Kd red.png\n")
    (place / "huge.off").write_text(BOX.replace("0.05", "50.0"))
    (place / "bad.stl").write_text("not a mesh")
    (place / "readme.txt").write_text("hello")
    return place


def test_meshes_are_copied_with_what_they_need_and_a_card(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "assets"
    taken = {one.name: one for one in take_in(folder, root, CARD)}
    assert {name for name, one in taken.items() if one.added} == {"mug/blue/blue", "mug/red", "mug/huge"}
    assert taken["mug/bad"].findings.broken and not (root / "mug" / "bad.stl").exists()
    assert any("red.png" in text for text in taken["mug/red"].findings.odd)
    assert any("100 m across" in text and "centimetres" in text for text in taken["mug/huge"].findings.odd)
    card = yaml.safe_load((root / "mug" / "blue" / "asset.yaml").read_text())
    assert card["licence"] == "CC0-1.0" and set(card["files"]) == {"blue.obj", "blue.mtl", "blue.png"}
    assert all(file_sha256(root / "mug" / "blue" / name) == sha for name, sha in card["files"].items())
    catalog = Catalog.open(root)
    assert catalog["mug/blue/blue"].label == "mug" and "mug/readme" not in catalog.assets
    assert not [p for p in root.rglob(".*")], "nothing half-done is left"


def test_a_mesh_in_the_coordinates_of_a_survey_is_told(tmp_path: Path) -> None:
    for name, place in (("near", 900.0), ("far", 450_000.0)):
        trimesh.creation.box((0.1, 0.1, 0.1), trimesh.transformations.translation_matrix((place, 0, 0))).export(
            tmp_path / f"{name}.ply"
        )
    assert not [text for text in inspect(tmp_path / "near.ply").odd if "origin" in text]
    assert any("4.5e+05 m from its origin" in text for text in inspect(tmp_path / "far.ply").odd)


def test_an_archive_is_taken_in_like_its_folder(folder: Path, tmp_path: Path) -> None:
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    with zipfile.ZipFile(tmp_path / "given.zip", "w") as pack:
        for name, path in files.items():
            pack.write(path, name)
    for source, root in ((folder, tmp_path / "a"), (tmp_path / "given.zip", tmp_path / "b")):
        take_in(source, root, CARD)
    hashes = [
        {p.relative_to(r): file_sha256(p) for p in r.rglob("*") if p.is_file()}
        for r in (tmp_path / "a", tmp_path / "b")
    ]
    assert hashes[0] == hashes[1]


def test_taking_in_twice_changes_nothing_and_another_file_of_that_name_is_refused(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "assets"
    take_in(folder, root, CARD)
    before = {p: file_sha256(p) for p in root.rglob("*") if p.is_file()}
    take_in(folder, root, CARD)
    assert {p: file_sha256(p) for p in root.rglob("*") if p.is_file()} == before
    (folder / "huge.off").write_text(BOX)
    with pytest.raises(AssetError, match="is there already with other content"):
        take_in(folder, root, CARD)
    assert {p: file_sha256(p) for p in root.rglob("*") if p.is_file()} == before


def contents(root: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def boxed(path: Path, side: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.box((side, side, side)).export(path)
    return path


def test_two_files_that_would_have_one_id_are_refused(tmp_path: Path) -> None:
    """With nothing moved, so that the catalog opens; a broken file is left out and takes no id."""
    root, both = tmp_path / "assets", boxed(tmp_path / "both/mug.stl").parent
    boxed(both / "mug.glb")
    with pytest.raises(AssetError, match=r"mug\.stl: would have the same id 'mug/mug' as mug\.glb"):
        take_in(both, root, CARD)
    assert not contents(root)
    (both / "mug.glb").write_bytes(b"broken")
    assert [one.added for one in take_in(both, root, CARD)] == [False, True]
    with pytest.raises(AssetError, match=r"mug\.ply: would have the same id 'mug/mug' as mug\.stl, which is"):
        take_in(boxed(tmp_path / "mug.ply"), root, CARD)
    assert Catalog.open(root)["mug/mug"].path.name == "mug.stl"


def test_a_converted_file_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Blender makes of the one, the other has its name; where the other is broken, the converted one stays."""

    def converted(source: Path, target: Path, up: str | None = None) -> str:
        boxed(target, 0.2)
        return ""

    monkeypatch.setattr("generator.assets.intake.converted", converted)
    both = boxed(tmp_path / "both/a.glb").parent
    (both / "a.blend").write_bytes(b"BLENDER")
    with pytest.raises(AssetError, match=r"a\.glb: would have the same id 'mug/a' as a\.blend"):
        take_in(both, tmp_path / "assets", CARD)
    (both / "a.glb").write_bytes(b"broken")
    assert [one.added for one in take_in(both, tmp_path / "assets", CARD)] == [True, False]
    assert inspect(tmp_path / "assets/mug/a.glb").extent == pytest.approx((0.2, 0.2, 0.2))


def test_a_picture_yields_to_the_hdri_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "hdri").mkdir()
    (tmp_path / "hdri/sky.hdr").write_bytes(b"#?RADIANCE\n")
    Image.new("RGB", (4, 4)).save(tmp_path / "hdri/sky.jpg")
    assert Catalog.open(tmp_path)["hdri/sky"].kind == "hdri"


def test_one_file_alone_is_taken_alone(folder: Path, tmp_path: Path) -> None:
    assert [one.name for one in take_in(folder / "red.obj", tmp_path / "assets", CARD)] == ["mug/red"]


def test_nothing_to_take_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetError, match="holds no asset"):
        take_in(tmp_path / "empty", tmp_path / "assets", CARD)
    with pytest.raises(AssetError, match="no such file or folder"):
        take_in(tmp_path / "nowhere", tmp_path / "assets", CARD)


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.off"
    secret.write_text(BOX)
    (folder / "link.off").symlink_to(secret)
    assert "mug/link" not in {one.name for one in take_in(folder, tmp_path / "assets", CARD)}


@pytest.mark.parametrize(
    ("change", "words"),
    [({}, None), ({"hole": True}, "not watertight"), ({"flip": True}, "inside out"), ({"flat": True}, "no area")],
)
def test_odd_surfaces_are_told(tmp_path: Path, change: dict[str, bool], words: str | None) -> None:
    body = trimesh.creation.icosphere(subdivisions=2, radius=0.05)
    faces = body.faces[:-3] if change.get("hole") else body.faces[:, ::-1] if change.get("flip") else body.faces
    if change.get("flat"):
        faces = np.vstack([faces, [[0, 0, 1]]])
    trimesh.Trimesh(body.vertices, faces, process=False).export(tmp_path / "b.ply")
    odd = inspect(tmp_path / "b.ply").odd
    assert (odd == []) if words is None else any(words in text for text in odd)


@pytest.mark.blender
def test_a_blend_file_is_converted_and_its_scripts_are_not_run(tmp_path: Path) -> None:
    evil = tmp_path / "evil.txt"
    make = f"""
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=0.2, location=(0, 0, 0.1))
text = bpy.data.texts.new("evil.py")
text.write("open({str(evil)!r}, 'w').write('ran')")
text.use_module = True
bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / "cube.blend")!r})
"""
    subprocess.run([sys.executable, "-c", make], check=True, capture_output=True, timeout=60)
    evil.unlink(missing_ok=True)
    taken = take_in(tmp_path / "cube.blend", tmp_path / "assets", CARD)
    assert [one.added for one in taken] == [True] and not evil.exists()
    assert taken[0].findings.extent == pytest.approx((0.2, 0.2, 0.2), abs=1e-6) and taken[0].findings.watertight


def test_cards_with_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.off").write_text(BOX)
    (tmp_path / "asset.yaml").write_text("{licnce: CC0, up: x, scale: -1}")
    with pytest.raises(AssetError) as caught:
        Catalog.open(tmp_path)
    assert all(text in str(caught.value) for text in ("asset.yaml", "'licnce'", "licence", "up", "scale"))


def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.off").write_text(BOX)
    (tmp_path / "a.ply").write_bytes(trimesh.creation.box().export(file_type="ply"))
    with pytest.raises(AssetError, match="same id 'a'"):
        Catalog.open(tmp_path)


def test_a_pack_is_decoded_and_never_executed(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "hdri").mkdir(parents=True)
    data = base64.b64encode(b"bytes of a picture").decode()
    (package / "hdri" / "sky.exr.js").write_text(f"export default 'data:application/exr;base64,{data}'")
    (package / "hdri" / "evil.exr.js").write_text("fetch('somewhere')")
    pack = Pack("@some/pack", "CC0-1.0", ("hdri",), "skies")
    assert decode(package, tmp_path / "out", pack) == 1
    assert (tmp_path / "out" / "hdri" / "sky.exr").read_bytes() == b"bytes of a picture"
    assert not list((tmp_path / "out").rglob("evil*"))
    assert yaml.safe_load((tmp_path / "out" / "hdri" / "asset.yaml").read_text())["licence"] == "CC0-1.0"


def test_unknown_packs_are_told(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"no pack 'pmdrs' .*pmndrs"):
        fetch("pmdrs", tmp_path)
    assert "pmndrs" in PACKS


def test_a_texture_that_changes_after_sampling_is_refused(tmp_path: Path) -> None:
    from generator.assets.store import AssetStore
    from generator.assets.unchanged import refuse_changed
    from generator.sampling.sampler import Sampler
    from generator.spec.scene import SceneSpec

    Image.new("RGB", (4, 4), (9, 9, 9)).save(tmp_path / "t.png")
    look = {"textures": [{"kind": "image", "image": {"pick": "t"}}]}
    scene = {
        "scene": "s",
        "classes": ["box"],
        "camera": {"position": [0, -2, 1]},
        "stage": {"material": look},
        "objects": {},
    }
    sample = Sampler(SceneSpec.model_validate(scene), AssetStore(Catalog.open(tmp_path)), (8, 8))(0, 0)
    refuse_changed(sample, Catalog.open(tmp_path))
    Image.new("RGB", (4, 4), (9, 9, 8)).save(tmp_path / "t.png")
    with pytest.raises(AssetError, match=r"t\.png: the file has changed"):
        refuse_changed(sample, Catalog.open(tmp_path))


def test_keypoints_of_a_card_are_labelled(tmp_path: Path) -> None:
    from conftest import scene

    from generator.assets.store import AssetStore
    from generator.base.scene import MeshRef, ObjectSample
    from generator.truth.labels import label

    (tmp_path / "a.off").write_text(BOX)
    (tmp_path / "asset.yaml").write_text("keypoints: {tip: [0.05, 0.05, 0.05], foot: [0.05, 0.05, -0.05]}")
    store = AssetStore(Catalog.open(tmp_path))
    one = ObjectSample(name="a", label="thing", mesh=MeshRef(asset="a"))
    found = label(scene(one, position=(0, 0, 1), focal=150), store).instances[0].keypoints
    assert found["tip"] == pytest.approx((80 + 150 * 0.05 / 0.95, 60 - 150 * 0.05 / 0.95, 2), abs=1e-3)
    assert found["foot"][2] == 1  # in the picture, behind the box
