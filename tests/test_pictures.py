"""Pictures that are drawn, and the card that they are printed on."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from generator.assets.catalog import Catalog
from generator.assets.cutouts import load_cutout
from generator.assets.pictures import WIDTH, read_rgb, read_rgba
from generator.assets.shapes import SHAPES
from generator.base.errors import AssetError

HALVES = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="2in" height="144pt" viewBox="0 0 10 10">'
    '<rect width="5" height="10" fill="#ff0000"/>{}</svg>'
)


def test_a_drawing_is_as_large_and_as_transparent_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "half.svg"
    path.write_text(HALVES.format(""))
    rgba = read_rgba(path)
    assert rgba.shape == (WIDTH, WIDTH, 4)  # two inches are 144 points
    left, right = rgba[:, : WIDTH // 2], rgba[:, WIDTH // 2 :]
    assert (left == (255, 0, 0, 255)).all() and (right[..., 3] == 0).all()
    assert (read_rgb(path)[:, WIDTH // 2 :] == 255).all(), "a drawing lies on white paper"


def test_text_is_set_whatever_fonts_the_machine_has(tmp_path: Path) -> None:
    path = tmp_path / "text.svg"
    path.write_text(HALVES.format('<text x="6" y="8" font-size="4" font-family="No Such Font">K</text>'))
    ink = (read_rgb(path)[:, WIDTH // 2 :].min(-1) < 128).mean()
    assert 0.01 < ink < 0.2


def test_a_drawing_is_an_asset_and_a_cut_out(tmp_path: Path) -> None:
    (tmp_path / "half.svg").write_text(HALVES.format(""))
    assert Catalog.open(tmp_path)["half"].kind == "image"
    low, high = load_cutout(tmp_path / "half.svg", 2.0).bounds
    assert np.allclose(high - low, (1, 0, 2))


@pytest.mark.parametrize("text", ["", "<svg", '<svg xmlns="http://www.w3.org/2000/svg"><a></svg>', "\udc80"])
def test_a_broken_drawing_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.svg"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(AssetError, match=r"broken.svg: not a readable picture"):
        read_rgb(path)


def test_a_picture_with_a_broken_chunk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    Image.effect_noise((40, 40), 60).save(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 60] ^= 255
    data[data.index(b"IDAT") - 1] ^= 60  # its length, so that the next chunk is looked for in the midst of it
    path.write_bytes(data)
    with pytest.raises(AssetError, match=r"broken\.png: not a readable picture"):
        read_rgb(path)


def test_a_drawing_reads_no_other_file(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (0, 255, 0)).save(tmp_path / "secret.png")
    path = tmp_path / "thief.svg"
    path.write_text(HALVES.format(f'<image href="{tmp_path}/secret.png" x="5" width="5" height="10"/>'))
    with pytest.raises(AssetError, match="another file"):
        read_rgba(path)


def test_a_card_is_a_solid_sheet_whose_face_takes_the_picture() -> None:
    mesh = SHAPES["card"](width=0.06, height=0.09, thickness=0.001, corner=0.004)
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert solid.is_watertight and solid.is_winding_consistent
    # two corners' arcs of 7 points each, so a little less than (4 - pi) corner**2 is lost
    assert solid.volume == pytest.approx((0.06 * 0.09 - (4 - np.pi) * 0.004**2) * 0.001, rel=1e-3)
    assert mesh.uv is not None
    corners = mesh.vertices[mesh.faces][..., :2]
    assert np.allclose(mesh.uv, corners / (0.06, 0.09) + 0.5, atol=1e-5), "left is left and up is up"
    with pytest.raises(AssetError, match="corner"):
        SHAPES["card"](corner=0.05)
