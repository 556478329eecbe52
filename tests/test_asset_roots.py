"""Where the assets of a scene are looked for."""

from pathlib import Path

import pytest

from generator.base.errors import DatasetError
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
