"""Where the assets of a scene are looked for, and which files of a folder they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.assets.catalog import Catalog
from generator.base.errors import DatasetError
from generator.cli.assets import listed, told
from generator.cli.project import asset_roots


@pytest.mark.parametrize("place", ["scenes/a.yaml", "scenes/proof/a.yaml"])
def test_the_nearest_folder_above_the_scenes_own(tmp_path: Path, place: str) -> None:
    (tmp_path / "assets").mkdir()
    assert asset_roots(tmp_path / place, []) == (tmp_path / "assets",)
    (tmp_path / "scenes" / "assets").mkdir(parents=True)
    nearest = "scenes/assets" if "proof" in place else "assets"
    assert asset_roots(tmp_path / place, []) == (tmp_path / nearest,)


def test_each_folder_counts_once(tmp_path: Path) -> None:
    for name in ("assets", "more"):
        (tmp_path / name).mkdir()
    given = [tmp_path / "more", tmp_path / "scenes" / ".." / "assets"]
    (tmp_path / "scenes").mkdir()
    assert asset_roots(tmp_path / "scenes/a.yaml", given) == (tmp_path / "assets", tmp_path / "more")
    assert asset_roots(tmp_path / "a/b/c/d.yaml", []) == ()
    with pytest.raises(DatasetError, match="no such folder of assets"):
        asset_roots(tmp_path / "scenes/a.yaml", [tmp_path / "missing"])


def file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def own(root: Path) -> set[str]:
    """Ids of what lies in a folder, without what packages bring."""
    return {one.id for one in Catalog.open(root).assets.values() if root in one.path.parents}


def test_a_texture_yields_to_a_mesh_whose_suffix_is_in_capitals(tmp_path: Path) -> None:
    for name in ("MUG.OBJ", "MUG.MTL", "MUG.PNG", "can.Glb", "can.jpg", "sky.HDR", "sky.png", "alone.PNG"):
        file(tmp_path / "mug" / name)
    assert own(tmp_path) == {"mug/MUG", "mug/can", "mug/sky", "mug/alone"}
    assert Catalog.open(tmp_path)["mug/MUG"].kind == "mesh"


def test_linked_folders_are_looked_into_and_circles_left(tmp_path: Path) -> None:
    root = tmp_path / "assets"
    file(tmp_path / "disk/mugs/blue.obj")
    file(root / "own/red.obj")
    (root / "mug").symlink_to(tmp_path / "disk/mugs")
    (tmp_path / "disk/mugs/back").symlink_to(root)
    (root / "own/up").symlink_to(tmp_path)
    (root / ".hidden").symlink_to(tmp_path / "disk")
    assert own(root) == {"mug/blue", "own/red"}


def test_an_id_with_brackets_names_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file(tmp_path / "ring/ring [mm].stl")
    file(tmp_path / "ring/ring m.stl")
    catalog = Catalog.open(tmp_path)
    assert catalog.glob("ring/ring [mm]", ("mesh",)) == ["ring/ring [mm]", "ring/ring m"], "it is a glob all the same"
    told("ring/ring [mm]", "part [b] is missing", [], None)
    assert "ring/ring [mm]" in (said := capsys.readouterr().out) and "part [b] is missing" in said
    listed("ring/*", [tmp_path])
    assert "ring/ring [mm]" in capsys.readouterr().out


def test_cards_are_read_alike_whatever_the_locale(tmp_path: Path) -> None:
    file(tmp_path / "a/b.obj")
    file(tmp_path / "a/asset.yaml", "label: Äpfel\n")
    code = f"from generator.assets.catalog import Catalog; print(ascii(Catalog.open({str(tmp_path)!r})['a/b'].label))"
    latin = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=latin, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "'\\xc4pfel'", done.stderr
