"""The catalog: every file a scene may name, found by walking folders, with licence and hash."""

import fnmatch
import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from generator.assets.companions import companions
from generator.assets.loading import SUFFIXES as MESHES
from generator.assets.loading import Points, Up, upward
from generator.base.errors import AssetError, did_you_mean
from generator.base.record import Record

Kind = Literal["mesh", "image", "hdri"]
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".svg")
HDRIS = (".exr", ".hdr")
PACKAGED = {  # free files inside packages that the project needs anyway: (folder inside the package, licence, names)
    "hdri": ("bpy", "datafiles/studiolights/world", "CC0-1.0", ("*.exr",)),
    "texture": ("skimage", "data", "CC0-1.0", ("brick.png", "grass.png", "gravel.png")),
}


@dataclass(frozen=True)
class Asset:
    """One file. `up` and `scale` say how to read a mesh: its upward axis, and metres per unit (a cut-out's height).
    `label` is the class it shows, unless a scene says otherwise: its card's, or the name of its first folder."""

    id: str
    kind: Kind
    path: Path
    licence: str = ""
    source: str = ""
    up: Up | None = None
    scale: float = 1.0
    label: str = ""
    keypoints: Points = field(default_factory=dict)

    @cached_property
    def content(self) -> str:
        """SHA-256 of the file alone, hexadecimal."""
        return file_sha256(self.path)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of all that decides what is seen: the file, those that it names, and what its card says of how it is
        read. Of a file alone that is read as it is, the file's own."""
        said = {name: value for name, value, plain in self._said() if value != plain}
        if not said:
            return self.content
        return hashlib.sha256(json.dumps([self.content, said], sort_keys=True).encode()).hexdigest()

    def _said(self) -> Iterator[tuple[str, object, object]]:
        """What decides how a mesh is seen beside its file's bytes: name, value, and the value that says nothing."""
        if self.kind != "mesh":
            return
        cutout = self.path.suffix.lower() in IMAGES
        files = {one.relative_to(self.path.parent).as_posix(): file_sha256(one) for one in companions(self.path)}
        yield from (("files", files, {}), ("scale", self.scale, 1.0), ("cutout", cutout, False))
        yield "up", (None if cutout else self.up or upward(self.path)), (None if cutout else upward(self.path))
        yield "label", self.label, self.id.split("/")[0]
        yield "keypoints", {name: list(point) for name, point in self.keypoints.items()}, {}


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

    def only(self, names: Iterable[str]) -> "Catalog":
        """The part of the catalog with these ids."""
        return Catalog({name: self.assets[name] for name in names}, self.roots)

    def glob(self, pattern: str, kinds: Iterable[Kind]) -> list[str]:
        """Sorted ids of the wanted kinds that match; empty when none does. An id matches itself, brackets and all."""
        return sorted(
            a.id
            for a in self.assets.values()
            if a.kind in kinds and (a.id == pattern or fnmatch.fnmatchcase(a.id, pattern))
        )

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


def kind_of(path: Path, cutout: bool = False) -> Kind | None:
    """What a file is, by suffix; None for a file that is no asset. Pictures of a folder of cut-outs are meshes."""
    suffix = path.suffix.lower()
    if suffix in MESHES or (suffix in IMAGES and cutout):
        return "mesh"
    return "image" if suffix in IMAGES else "hdri" if suffix in HDRIS else None


class Card(Record):
    """What an asset.yaml says of every file of its own folder. `hidden` keeps them out of the catalog; `cutout` makes
    pictures with transparency into flat objects, `scale` metres tall. `files` are SHA-256 by name,
    `notes` for people.
    `keypoints` are named points of a mesh as it is loaded (metres, z up), labelled wherever it is seen."""

    licence: str = ""
    source: str = ""
    label: str | None = None
    up: Up | None = None
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    cutout: bool = False
    hidden: bool = False
    files: dict[str, str] = {}
    notes: str = ""
    keypoints: dict[str, tuple[float, float, float]] = {}


def walk(root: Path) -> Iterator[Asset]:
    """Assets below one folder. Raises AssetError for two whose names differ in the suffix alone; pictures yield."""
    found: dict[str, Path] = {}
    cards: dict[Path, Card] = {}
    paths = sorted(path for path in below(root) if kind_of(path, cutout=True) is not None and path.is_file())
    shown = {path.with_suffix("") for path in paths if kind_of(path) != "image"}
    for path in paths:
        if path.parent not in cards:
            cards[path.parent] = read_card(path.parent / "asset.yaml")
        card = cards[path.parent]
        name = path.relative_to(root).with_suffix("").as_posix()
        kind = kind_of(path, card.cutout)
        if kind is None or card.hidden or (kind == "image" and path.with_suffix("") in shown):
            continue  # a picture named as a mesh or an HDRI beside it is that one's texture or preview, no asset
        if name in found:
            raise AssetError(f"{path}: has the same id {name!r} as {found[name].name}; rename one of them")
        found[name] = path
        label = name.split("/")[0] if card.label is None else card.label
        yield Asset(name, kind, path, card.licence, card.source, card.up, card.scale, label, card.keypoints)


def below(root: Path) -> Iterator[Path]:
    """What is not hidden below a folder, behind links to other folders too, but not behind one to a folder above it."""
    for place, folders, names in os.walk(root, followlinks=True):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and not leads_back(here / name)]
        yield from (here / name for name in names if not name.startswith("."))


def leads_back(folder: Path) -> bool:
    """Whether a folder is a link to one that it is reached through."""
    return folder.is_symlink() and folder.resolve() in {above.resolve() for above in folder.absolute().parents}


def read_card(path: Path) -> Card:
    """An asset.yaml, empty where there is none. Raises AssetError naming every fault."""
    if not path.is_file():
        return Card()
    try:
        data = yaml.safe_load(path.read_bytes())
        return Card.model_validate({} if data is None else data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AssetError(f"{path}: not valid YAML ({error})") from error
    except ValidationError as error:
        wrong = "; ".join(card_fault(line) for line in error.errors(include_url=False))
        raise AssetError(f"{path}: {wrong}") from None


def card_fault(line: Any) -> str:
    """One fault of a card in words."""
    if line["type"] == "extra_forbidden":
        return f"unknown key {line['loc'][0]!r}{did_you_mean(str(line['loc'][0]), Card.model_fields)}"
    if not line["loc"]:
        return f"must be a mapping with some of {', '.join(Card.model_fields)}"
    return f"{line['loc'][0]}: {line['msg'][0].lower() + line['msg'][1:]}"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
