"""Mesh files as they are written: what belongs to a mesh, its textures and its colours."""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from test_intake import CARD

from generator.assets.inspection import inspect
from generator.assets.intake import take_in
from generator.assets.loading import load_mesh


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


@pytest.mark.parametrize("suffix", ["obj", "glb", "ply", "stl", "off", "dae", "3mf"])
def test_every_format_that_is_named_is_read(tmp_path: Path, suffix: str) -> None:
    """A box of 0.1 x 0.2 x 0.3 m, written by trimesh; glTF's y is up by its standard."""
    size = (0.1, 0.3, 0.2) if suffix == "glb" else (0.1, 0.2, 0.3)
    trimesh.creation.box((0.1, 0.2, 0.3)).export(tmp_path / f"box.{suffix}")
    found = inspect(tmp_path / f"box.{suffix}")
    assert found.broken == "" and found.watertight and found.triangles == 12
    assert found.extent == pytest.approx(size, abs=1e-6)
