"""Files that lie beside photographs, one for each: maps of depth, semantic maps."""

from collections.abc import Sequence
from pathlib import Path

from generator.base.errors import DatasetError
from generator.dataset.coco_labels import Photo


def beside(
    photos: Sequence[Photo], folder: Path, what: str, suffixes: Sequence[str], ends: Sequence[str]
) -> list[Path]:
    """The file of each photograph, anywhere in `folder`: named as the picture, with one of `ends` (the first of them
    that is there) and one of `suffixes`. Where several are, it is the one with the same folders.

    Raises DatasetError, naming some, for photographs without, where two could be meant, and where one would be that of
    two photographs; `what` is what the files are called there.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes:
            files.setdefault(path.stem, []).append(path)
    found = [_of(Path(photo.key), folder, files, what, ends) for photo in photos]
    lacking = [photo.key for photo, path in zip(photos, found, strict=True) if path is None]
    if lacking:
        raise DatasetError(
            f"{folder}: {len(lacking)} pictures have no {what}, {lacking[0]} among them; give each a file "
            f"({', '.join(suffixes)}) with the picture's own name"
        )
    paths = [path for path in found if path is not None]
    _refuse_shared(photos, paths, what)
    return paths


def _of(key: Path, folder: Path, files: dict[str, list[Path]], what: str, ends: Sequence[str]) -> Path | None:
    """Cityscapes' pictures end in ``_leftImg8bit``, where what lies beside them ends otherwise."""
    stem = key.stem.removesuffix("_leftImg8bit")
    found = next((files[stem + end] for end in ends if stem + end in files), [])
    if len(found) > 1:
        found = [path for path in found if path.relative_to(folder).parent == key.parent] or found
    if len(found) > 1:
        raise DatasetError(f"{folder}: {found[0]} and {found[1]} could both be the {what} of {key}; keep one")
    return found[0] if found else None


def _refuse_shared(photos: Sequence[Photo], paths: Sequence[Path], what: str) -> None:
    first: dict[Path, Photo] = {}
    for photo, path in zip(photos, paths, strict=True):
        if (other := first.setdefault(path, photo)) is not photo:
            raise DatasetError(
                f"{path}: would be the {what} of {other.key} and of {photo.key}; put such files in the same folders as "
                "the pictures"
            )
