"""What a painter asks of its machine: room for its files, and a device that works."""

import errno
import os
import subprocess
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from painting import busy

from generator.base.errors import DatasetError, RenderError
from generator.render.blender import passes


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the RAM disk."""
    monkeypatch.setattr(passes, "MEMORY", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("free", "used"), [(64 << 20, False), (2 << 30, True)])
def test_a_ram_disk_is_used_where_it_has_room(
    memory: Path, monkeypatch: pytest.MonkeyPatch, free: int, used: bool
) -> None:
    """That of a container holds 64 MB: the pictures of two workers would not fit."""
    usage = namedtuple("usage", ("total", "used", "free"))
    monkeypatch.setattr(passes.shutil, "disk_usage", lambda _: usage(free, 0, free))
    assert (passes.place() == memory) == used


def test_only_painters_of_this_container_are_swept(memory: Path) -> None:
    """Processes of another one, with which a RAM disk is shared, cannot be seen from here."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    mine, own = passes.prefix(), os.stat("/proc/self/ns/pid").st_ino
    left = [memory / name for name in (f"painter-{own}-{dead.pid}-a", f"painter-{own + 1}-{dead.pid}-b", f"{mine}c")]
    for folder in left:
        folder.mkdir()
    passes.sweep()
    assert [folder.exists() for folder in left] == [False, True, True]


@pytest.mark.blender
def test_a_full_disk_sends_no_frame_to_quarantine(blender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which frames are kept would depend on how many workers paint at the same time."""
    from generator.render.blender import painter

    @contextmanager
    def captured() -> Iterator[list[str]]:
        yield [f"OpenEXR-writePixels: ERROR: Failed to write pixel data. {os.strerror(errno.ENOSPC)}."]

    monkeypatch.setattr(painter, "captured", captured)
    with pytest.raises(DatasetError, match="no space left for the picture"):
        blender.paint(busy(0))


@pytest.mark.blender
def test_a_device_that_fails_costs_one_frame(blender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.render.blender import painter

    def fail(**_: Any) -> None:
        raise RuntimeError("Error: Out of memory in CUDA queue")

    before = blender.paint(busy(0)).rgb
    with monkeypatch.context() as broken:
        broken.setattr(painter, "bpy", SimpleNamespace(ops=SimpleNamespace(render=SimpleNamespace(render=fail))))
        with pytest.raises(RenderError, match="index 1: Blender: Error: Out of memory in CUDA queue"):
            blender.paint(busy(1))
    assert (blender.paint(busy(0)).rgb == before).all()
