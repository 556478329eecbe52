"""Archives from strangers write nothing where they should not, and are told when damaged."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from generator.assets.archives import unpack
from generator.base.errors import AssetError


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
