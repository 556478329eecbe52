"""Assets from strangers: taken in whole, checked, and never trusted."""

import base64
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
import yaml
from PIL import Image

from generator.assets.archives import unpack
from generator.assets.catalog import Card, Catalog, file_sha256
from generator.assets.inspection import inspect
from generator.assets.intake import take_in
from generator.assets.loading import load_mesh
from generator.assets.packs import PACKS, Pack, decode, fetch
from generator.base.errors import AssetError

CARD = Card(label="mug", licence="CC0-1.0", source="here")
BOX = "OFF\n8 12 0\n" + trimesh.exchange.off.export_off(trimesh.creation.box((0.1, 0.1, 0.1))).split("\n", 2)[2]


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, text in files.items():
            pack.writestr(name, text)
    return path


def tarred(path: Path, members: list[tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, **values: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("name", ["../evil.obj", "a/../../evil.obj", "/etc/evil.obj", "..\\evil.obj", "C:\\evil.obj"])
def test_no_archive_writes_outside_its_folder(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "a" / "b"
    with pytest.raises(AssetError, match="leads outside"):
        unpack(zipped(tmp_path / "x.zip", {"fine.obj": "v 0 0 0", name: "evil"}), inside)
    with pytest.raises(AssetError, match="leads outside"):
        unpack(tarred(tmp_path / "x.tgz", [member(name, size=3)]), inside)
    assert not [p for p in tmp_path.rglob("*evil*")]


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    odd = [member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), member("pipe", type=tarfile.FIFOTYPE),
           member("hard", type=tarfile.LNKTYPE, linkname="fine"), member("fine", size=4)]  # fmt: skip
    assert unpack(tarred(tmp_path / "x.tar.gz", odd), tmp_path / "out") == [tmp_path / "out" / "fine"]


def test_an_archive_that_grows_or_swarms_is_refused(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "bomb.zip", {"zeros.obj": "0" * 3_000_000})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(AssetError, match="unpacks to more than"):
        unpack(bomb, tmp_path / "out", size=1_000_000)
    swarm = zipped(tmp_path / "swarm.zip", {f"{k}.obj": "" for k in range(30)})
    with pytest.raises(AssetError, match="more than 20 files"):
        unpack(swarm, tmp_path / "many", files=20)


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(AssetError, match=r"x\.zip: cannot be unpacked"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.xz", "tar.bz2"])
def test_an_archive_with_changed_bytes_is_told(tmp_path: Path, kind: str) -> None:
    """In the first block of a file in a zip, and in the middle of a tar, so far on that its names were read before."""
    noise = np.random.default_rng(0).integers(0, 60, 2_000_000, np.uint8).tobytes()
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        zipped(path, {"a.obj": noise.decode()})
    else:
        with tarfile.open(path, f"w:{kind[4:]}") as tar:  # type: ignore[call-overload]
            tar.addfile(member("a.obj", size=len(noise)), io.BytesIO(noise))
    data = bytearray(path.read_bytes())
    place = 30 + len("a.obj") if kind == "zip" else len(data) // 2
    data[place : place + 9] = b"\xff" * 9  # a kind of block that deflate does not have
    path.write_bytes(data)
    with pytest.raises(AssetError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")


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


@pytest.mark.parametrize("suffix", ["ply", "off", "glb", "obj"])
def test_vertices_that_belong_to_no_face_are_no_part_of_a_mesh(tmp_path: Path, suffix: str) -> None:
    """One before and one behind those of a box of 0.1 m, far away; the box's corners stay what they are."""
    body = trimesh.creation.box((0.1, 0.1, 0.1))
    stray = np.vstack([[[5, 5, 5]], body.vertices, [[-7, 0, 0]]])
    trimesh.Trimesh(stray, body.faces + 1, process=False).export(tmp_path / f"stray.{suffix}")
    body.export(tmp_path / f"box.{suffix}")
    found, box = (load_mesh(tmp_path / f"{name}.{suffix}") for name in ("stray", "box"))
    assert found.bounds == pytest.approx(np.array([[-0.05] * 3, [0.05] * 3]), abs=1e-6)
    assert np.abs(found.vertices).max() < 0.06
    assert found.vertices[found.faces] == pytest.approx(box.vertices[box.faces], abs=1e-6)


def test_texture_coordinates_stay_with_their_corners(tmp_path: Path) -> None:
    text = "mtllib a.mtl\nv 9 9 9\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 2/1 3/2 4/3\n"
    (tmp_path / "a.obj").write_text(text)
    (tmp_path / "a.mtl").write_text("newmtl m\nmap_Kd a.png\n")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "a.png")
    mesh = load_mesh(tmp_path / "a.obj")
    assert mesh.uv is not None and mesh.uv[0] == pytest.approx(mesh.vertices[mesh.faces][0][:, :2])


@pytest.mark.parametrize("suffix", ["gltf", "glb"])
def test_flat_colours_of_gltf_are_linear_as_they_stand(tmp_path: Path, suffix: str) -> None:
    """By glTF 2.0, 3.9.2: factors are linear. An OBJ's Kd is a colour as it is shown, sRGB."""
    body, factor = trimesh.creation.box((0.1, 0.1, 0.1)), (0.8, 0.4, 0.2)
    whole = trimesh.visual.material.PBRMaterial(baseColorFactor=[*(round(255 * v) for v in factor), 255])
    body.visual = trimesh.visual.TextureVisuals(uv=np.zeros((8, 2)), material=whole)
    if suffix == "glb":
        body.export(tmp_path / "a.glb")
        assert load_mesh(tmp_path / "a.glb").color == pytest.approx(factor, abs=0.003)
        return
    for name, data in trimesh.exchange.gltf.export_gltf(trimesh.Scene(body)).items():
        (tmp_path / name).write_bytes(data)
    told = json.loads((tmp_path / "model.gltf").read_text())["materials"][0]["pbrMetallicRoughness"]
    assert told["baseColorFactor"][:3] == pytest.approx(factor, abs=0.003)
    assert load_mesh(tmp_path / "model.gltf").color == pytest.approx(factor, abs=0.003)
    text = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl m\nf 1 2 3\n"
    (tmp_path / "a.obj").write_text(text)
    (tmp_path / "a.mtl").write_text("newmtl m\nKd 0.8 0.4 0.2\n")
    assert load_mesh(tmp_path / "a.obj").color == pytest.approx([v**2.2 for v in factor], abs=0.01)


@pytest.mark.parametrize("said", ["my tex.png", "-s 1 1 1 my tex.png", "-clamp on -bm 0.5 -o 0.5 my tex.png", "-x.png"])
def test_textures_have_names_with_spaces_and_options_before(tmp_path: Path, said: str) -> None:
    name = said if said == "-x.png" else "my tex.png"
    given = tmp_path / "given"
    given.mkdir()
    text = "mtllib a b.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"
    (given / "a.obj").write_text(text)
    (given / "a b.mtl").write_text(f"newmtl m\nmap_Kd {said}\n")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(given / name)
    taken = take_in(given, tmp_path / "assets", CARD)
    assert taken[0].findings.textured and not any("missing" in text for text in taken[0].findings.odd)
    shown = load_mesh(tmp_path / "assets/mug/a.obj").texture
    assert shown is not None and (shown == (255, 0, 0)).all()


@pytest.mark.parametrize("index", [99, 4, -1])
def test_faces_of_vertices_that_are_not_there_are_refused(tmp_path: Path, index: int) -> None:
    head = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    faces = f"element face 2\nproperty list uchar int vertex_indices\nend_header\n{{}}3 0 1 2\n3 0 1 {index}\n"
    (tmp_path / "a.ply").write_text(head + faces.format("0 0 0\n1 0 0\n0 1 0\n0 0 1\n"))
    assert f"face 1 names vertex {index} of 4" in inspect(tmp_path / "a.ply").broken


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


@pytest.mark.parametrize("suffix", ["obj", "glb", "ply", "stl", "off", "dae", "3mf"])
def test_every_format_that_is_named_is_read(tmp_path: Path, suffix: str) -> None:
    """A box of 0.1 x 0.2 x 0.3 m, written by trimesh; glTF's y is up by its standard."""
    size = (0.1, 0.3, 0.2) if suffix == "glb" else (0.1, 0.2, 0.3)
    trimesh.creation.box((0.1, 0.2, 0.3)).export(tmp_path / f"box.{suffix}")
    found = inspect(tmp_path / f"box.{suffix}")
    assert found.broken == "" and found.watertight and found.triangles == 12
    assert found.extent == pytest.approx(size, abs=1e-6)
