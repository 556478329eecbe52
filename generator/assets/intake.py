"""Taking in assets from outside: found, checked, copied with what they need, and labelled with a card."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from generator.assets.archives import ARCHIVES, is_archive, unpack
from generator.assets.catalog import IMAGES, Card, file_sha256
from generator.assets.companions import companions
from generator.assets.inspection import Findings, inspect
from generator.assets.loading import SUFFIXES
from generator.assets.settling import move
from generator.base.errors import AssetError

BLEND = ".blend"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Taken:
    """One asset of an intake: its id in the catalog, what was found in it, and whether it is there now."""

    name: str
    findings: Findings
    added: bool


def take_in(source: Path, root: Path, card: Card, progress: Progress = lambda done, total, name: None) -> list[Taken]:
    """Copy every usable mesh of a file, folder or archive to ``root/LABEL`` with a card beside it.

    Broken ones are left out, with the reason; the rest is moved into place only when all is copied. Pictures are taken
    for cut-outs where the card says so. Raises AssetError when there is nothing to take, or an id is taken already.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=root) as place:
        staged = Path(place) / "ready"
        base = unpacked(source, Path(place) / "packed")
        paths = list(meshes(base, card.cutout, source))
        if not paths:
            wanted = ", ".join((*SUFFIXES, BLEND, *(IMAGES if card.cutout else ())))
            raise AssetError(f"{source}: holds no asset ({wanted}, or an archive of them: {', '.join(ARCHIVES)})")
        taken: list[Taken] = []
        added: dict[str, Path] = {}
        for number, path in enumerate(paths, 1):
            new = one(path, base, staged, card)
            if new.added and (twin := added.setdefault(new.name, path)) != path:
                raise AssetError(f"{path}: would have the same id {new.name!r} as {twin.name}; rename one")
            taken.append(new)
            progress(number, len(paths), new.name)
        move(staged, root, card)
    return taken


def unpacked(source: Path, folder: Path) -> Path:
    """The folder to look in. Raises AssetError when there is nothing at `source`."""
    if is_archive(source):
        unpack(source, folder)
        return folder
    if not source.exists():
        raise AssetError(f"{source}: no such file or folder")
    return source if source.is_dir() else source.parent if source.is_file() else folder


def meshes(base: Path, cutouts: bool, source: Path) -> Iterator[Path]:
    """Files to take, in order; nothing behind links that lead out of the folder."""
    root = base.resolve()
    wanted = (*SUFFIXES, BLEND, *(IMAGES if cutouts else ()))
    for path in [source] if base == source.parent and source.is_file() else sorted(base.rglob("*")):
        if path.suffix.lower() in wanted and path.is_file() and path.resolve().is_relative_to(root):
            yield path


def one(path: Path, base: Path, staged: Path, card: Card) -> Taken:
    """Check one file and stage it with its companions and its card."""
    target = staged / str(card.label) / path.relative_to(base)
    name = target.relative_to(staged).with_suffix("").as_posix()
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == BLEND:
        target = target.with_suffix(".glb")
        fault = converted(path, target, card.up)
        if fault:
            target.unlink(missing_ok=True)
            return Taken(name, Findings(path, broken=fault), added=False)
        findings = replace(inspect(target, card.up, card.scale), path=path)
        files = [target]
    else:
        findings = inspect(path, card.up, card.scale)
        files = [] if findings.broken else staged_files(path, base, target)
    if findings.broken:
        if path.suffix.lower() == BLEND:
            target.unlink(missing_ok=True)
        return Taken(name, findings, added=False)
    write_card(target.parent, card, files)
    return Taken(name, findings, added=True)


def staged_files(path: Path, base: Path, target: Path) -> list[Path]:
    """Copies of a mesh and of the files it names."""
    made = []
    for source in (path, *companions(path)):
        there = target.parent / source.relative_to(path.parent)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, there)
        made.append(there)
    return made


def write_card(folder: Path, card: Card, files: list[Path]) -> None:
    """The card of a folder, with the hashes of what lies in it."""
    path = folder / "asset.yaml"
    before = yaml.safe_load(path.read_bytes())["files"] if path.is_file() else {}
    hashes = before | {f.relative_to(folder).as_posix(): file_sha256(f) for f in files}
    data = card.model_dump(exclude_defaults=True) | {"label": card.label, "files": dict(sorted(hashes.items()))}
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def converted(source: Path, target: Path, up: str | None = None) -> str:
    """A .blend file as .glb, with the axis upward that its card will name, by Blender in a process of its own with the
    file's scripts switched off; why not, or nothing."""
    files = [str(source.resolve()), str(target.resolve())]
    command = [sys.executable, "-m", "generator.render.blender.convert", *files, up or "y"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return "Blender did not open it within ten minutes"
    if done.returncode == 0 and target.is_file():
        return ""
    last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or [f"exit status {done.returncode}"]
    return f"Blender cannot take it over ({last[0]})"
