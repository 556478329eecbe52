"""What was staged for the catalog, into its place: nothing that is there already is changed or doubled."""

from pathlib import Path

import yaml

from generator.assets.catalog import Card, file_sha256, kind_of, read_card
from generator.base.errors import AssetError

OWN = {"files", "notes"}  # what the card of a folder may say otherwise than that of new files for it


def move(staged: Path, root: Path, card: Card) -> None:
    """Everything staged into place. Raises AssetError, moving nothing, when another file is there already, or one with
    the same id, or a card that says otherwise of the files there."""
    files = sorted(p for p in staged.rglob("*") if p.is_file()) if staged.is_dir() else []
    for path in files:
        there = root / path.relative_to(staged)
        if there.name == "asset.yaml":
            refuse_other_card(there, path, card)
        elif there.is_file() and file_sha256(there) != file_sha256(path):
            raise AssetError(f"{there}: is there already with other content; choose another --label or remove it")
    refuse_twins([path.relative_to(staged) for path in files], root, card.cutout)
    for path in files:
        there = root / path.relative_to(staged)
        there.parent.mkdir(parents=True, exist_ok=True)
        if there.name == "asset.yaml" and there.is_file():
            add_hashes(there, path)
        else:
            path.replace(there)


def refuse_twins(names: list[Path], root: Path, cutout: bool) -> None:
    """Raises AssetError for a new mesh, named relative to `root`, whose id one in its folder has. Another kind of file
    may share it."""
    folders = sorted({root / name.parent for name in names})
    there = [path.relative_to(root) for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    found: dict[Path, Path] = {}
    for name in (*there, *names):
        first = found.setdefault(name.with_suffix(""), name) if kind_of(name, cutout) == "mesh" else name
        if first != name:
            raise AssetError(
                f"{root / name}: would have the same id {name.with_suffix('').as_posix()!r} as {first.name}, which is "
                "there already; rename it or choose another --label"
            )


def refuse_other_card(there: Path, here: Path, card: Card) -> None:
    """Raises AssetError when the card of a folder, or its absence, says something of the assets there that is not said
    of new ones."""
    folder = there.parent
    beside = [path.name for path in folder.iterdir() if kind_of(path, cutout=True)] if folder.is_dir() else []
    if not beside:
        return
    old = read_card(there)
    data = (old if old.label is not None else old.model_copy(update={"label": card.label})).model_dump()
    same = OWN | (set() if read_card(here).files.keys() - {*beside} else {"keypoints"})
    differ = [f"{key} {data[key]!r} there, {value!r} here" for key, value in card.model_dump().items()
              if key not in same and data[key] != value]  # fmt: skip
    if differ:
        raise AssetError(
            f"{there}: says otherwise of the files that are there ({'; '.join(differ)}); say the same of the new ones, "
            f"or keep them apart below a folder of their own, such as --to {folder.parent / (folder.name + '-2')}"
        )


def add_hashes(there: Path, here: Path) -> None:
    """The card that is there, with the hashes of the new files."""
    old, new = (yaml.safe_load(p.read_bytes()) or {} for p in (there, here))
    files = (old.get("files") or {}) | new["files"]
    if files != old.get("files"):
        old["files"] = dict(sorted(files.items()))
        there.write_text(yaml.safe_dump(old, sort_keys=False, allow_unicode=True), encoding="utf-8")
