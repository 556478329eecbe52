"""Asset pools: disjoint, complete, near to their shares, and the same whatever the files are called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.assets.catalog import Catalog
from generator.assets.pools import apportioned, pool
from generator.assets.store import AssetStore
from generator.base.splits import FIRST, split_of
from generator.sampling.sampler import Sampler
from generator.spec.scene import SceneSpec


def folder(root: Path, count: int, name: str = "mugs", same: int = 0) -> None:
    """`count` different meshes, and `same` copies of the first."""
    (root / name).mkdir(parents=True)
    for k in range(count + same):
        height = 1 + (k if k < count else 0)
        (root / name / f"m{k}.off").write_text(f"OFF\n3 1 0\n0 0 0\n1 0 0\n0 {height} 0\n3 0 1 2\n")


def parts(root: Path, shares: dict[str, float]) -> dict[str, set[str]]:
    catalog = Catalog.open(root)
    found = {split: pool(catalog, shares, split) for split in ("train", "val", "test")}  # type: ignore[arg-type]
    return {split: {a for a in part.assets if a.startswith("mugs")} for split, part in found.items()}


def test_pools_are_disjoint_and_hold_every_file(tmp_path: Path) -> None:
    folder(tmp_path, 20)
    found = parts(tmp_path, {"train": 0.6, "val": 0.25, "test": 0.15})
    assert {split: len(names) for split, names in found.items()} == {"train": 12, "val": 5, "test": 3}
    assert len(set.union(*found.values())) == 20


def test_every_pool_gets_a_file_of_a_small_folder(tmp_path: Path) -> None:
    folder(tmp_path, 3)
    assert all(len(names) == 1 for names in parts(tmp_path, {"train": 0.98, "val": 0.01, "test": 0.01}).values())


def test_copies_of_a_file_stay_in_one_pool(tmp_path: Path) -> None:
    folder(tmp_path, 6, same=5)
    found = parts(tmp_path, {"train": 0.5, "val": 0.5})
    copies = {f"mugs/m{k}" for k in (0, 6, 7, 8, 9, 10)}
    assert copies <= found["train"] or copies <= found["val"]


def test_names_mean_nothing(tmp_path: Path) -> None:
    folder(tmp_path / "a", 9)
    folder(tmp_path / "b", 9)
    before = parts(tmp_path / "a", {"train": 0.7, "val": 0.3})
    for k in range(9):
        (tmp_path / "b" / "mugs" / f"m{k}.off").rename(tmp_path / "b" / "mugs" / f"x{8 - k}.off")
    after = parts(tmp_path / "b", {"train": 0.7, "val": 0.3})
    assert {f"mugs/m{8 - int(name[-1])}" for name in after["val"]} == before["val"]


def test_without_shares_all_splits_use_everything(tmp_path: Path) -> None:
    folder(tmp_path, 4)
    assert all(len(names) == 4 for names in parts(tmp_path, {}).values())


@given(st.integers(0, 200), st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda s: sum(s) > 0.01))
def test_apportionment_adds_up_and_is_near_its_shares(count: int, shares: list[float]) -> None:
    found = apportioned(count, shares)
    assert sum(found) == count and all(n == 0 for n, s in zip(found, shares, strict=True) if s == 0)
    assert all(abs(n - count * s / sum(shares)) <= 3 for n, s in zip(found, shares, strict=True))


def test_no_asset_is_sampled_in_two_splits(tmp_path: Path) -> None:
    folder(tmp_path, 9)
    spec = {"scene": "s", "classes": ["mugs"], "stage": {}, "camera": {"position": [0, -20, 9]},
            "pools": {"train": 0.5, "val": 0.3, "test": 0.2},
            "objects": {"mugs": {"asset": {"pick": "mugs/*"}, "count": 3, "scale": 0.1, "place": {"on": "stage"}}}}  # fmt: skip
    sampler = Sampler(SceneSpec.model_validate(spec), AssetStore(Catalog.open(tmp_path)), (32, 24))
    used = {
        split: {one.mesh.asset for k in range(40) for one in sampler(0, first + k).instances}
        for split, first in FIRST.items()
    }
    assert used == parts(tmp_path, {"train": 0.5, "val": 0.3, "test": 0.2})
    assert not used["train"] & used["val"] and not used["train"] & used["test"] and not used["val"] & used["test"]


@pytest.mark.parametrize(("split", "first"), FIRST.items())
def test_splits_of_indices(split: str, first: int) -> None:
    assert split_of(first) == split and split_of(first + 9_999_999) == split
