"""The catalog: every file a scene may name, found by walking folders, with licence and hash."""

import fnmatch
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml

from generator.assets.loading import SUFFIXES as MESHES
from generator.assets.loading import Up
from generator.base.errors import AssetError, did_you_mean

Kind = Literal["mesh", "image", "hdri"]
IMAGES = (".png", ".jpg", ".jpeg", ".webp")
HDRIS = (".exr", ".hdr")
PACKAGED = {  # free files inside packages that the project needs anyway: (folder inside the package, licence, names)
    "hdri": ("bpy", "datafiles/studiolights/world", "CC0-1.0", ("*.exr",)),
    "texture": ("skimage", "data", "CC0-1.0", ("brick.png", "grass.png", "gravel.png")),
}


@dataclass(frozen=True)
class Asset:
    """One file. `up` and `scale` say how to read a mesh: its upward axis, and metres per unit. `label` is
    the class it shows, unless a scene says otherwise: its card's, or the name of its first folder."""

    id: str
    kind: Kind
    path: Path
    licence: str = ""
    source: str = ""
    up: Up | None = None
    scale: float = 1.0
    label: str = ""

    @cached_property
    def sha256(self) -> str:
        return file_sha256(self.path)


@dataclass(frozen=True)
class Catalog:
    """Assets by id. An id is the path below its folder without suffix: ``mugs/blue`` for assets/mugs/blue.glb."""

    assets: dict[str, Asset] = field(default_factory=dict)
    roots: tuple[Path, ...] = ()

    @staticmethod
    def open(*roots: Path) -> "Catalog":
        """All assets below `roots`, later roots winning, and those in installed packages (``hdri/*``, ``texture/*``).

        Raises AssetError for an asset.yaml that is not what it should be.
        """
        found = {a.id: a for a in packaged()}
        for root in roots:
            found |= {a.id: a for a in walk(root)}
        return Catalog(found, roots)

    def __getitem__(self, name: str) -> Asset:
        if name not in self.assets:
            raise AssetError(f"no asset {name!r} in {self.where}{did_you_mean(name, self.assets)}")
        return self.assets[name]

    def glob(self, pattern: str, kinds: Iterable[Kind]) -> list[str]:
        """Sorted ids of the wanted kinds that match; empty when none does."""
        return sorted(a.id for a in self.assets.values() if a.kind in kinds and fnmatch.fnmatchcase(a.id, pattern))

    @property
    def where(self) -> str:
        return ", ".join(map(str, self.roots)) or "the packaged assets"


def packaged() -> Iterator[Asset]:
    """Free assets inside installed packages, found without importing them."""
    for prefix, (package, folder, licence, patterns) in PACKAGED.items():
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for path in sorted(p for pattern in patterns for p in package_files(Path(place), folder, pattern)):
                yield Asset(f"{prefix}/{path.stem}", kind_of(path) or "image", path, licence, f"package {package}")


def package_files(place: Path, folder: str, pattern: str) -> list[Path]:
    """bpy keeps its data below a folder named by its version, so look one level down as well."""
    return [*place.glob(f"{folder}/{pattern}"), *place.glob(f"*/{folder}/{pattern}")]


def kind_of(path: Path) -> Kind | None:
    """What a file is, by suffix; None for a file that is no asset."""
    suffix = path.suffix.lower()
    return "mesh" if suffix in MESHES else "image" if suffix in IMAGES else "hdri" if suffix in HDRIS else None


def walk(root: Path) -> Iterator[Asset]:
    """Assets below one folder. An ``asset.yaml`` speaks for every file of its own folder; ``hidden: true`` in it keeps
    them out of the catalog."""
    for path in sorted(root.rglob("*")):
        kind = kind_of(path)
        if kind and path.is_file():
            card = read_card(path.parent / "asset.yaml")
            if card.get("hidden"):
                continue
            name = path.relative_to(root).with_suffix("").as_posix()
            label = card.get("label", name.split("/")[0])
            yield Asset(
                name,
                kind,
                path,
                card.get("licence", ""),
                card.get("source", ""),
                card.get("up"),
                card.get("scale", 1.0),
                label,
            )


def read_card(path: Path) -> dict:  # type: ignore[type-arg]
    """The mapping in an asset.yaml, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        card = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise AssetError(f"{path}: not valid YAML ({error})") from error
    if (
        not isinstance(card, dict)
        or not isinstance(card.get("scale", 1.0), (int, float))
        or card.get("up") not in (None, "y", "z")
    ):
        raise AssetError(
            f"{path}: must be a mapping with licence, source, and optionally up (y or z) and scale (a number)"
        )
    return card


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
