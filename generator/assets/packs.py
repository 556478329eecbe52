"""Optional packs of free assets, fetched from package registries by their own clients."""

import base64
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from generator.assets.archives import unpack
from generator.base.errors import AssetError, did_you_mean

DATA = re.compile(rb"""^export default ['"`]data:[\w./+-]+;base64,([A-Za-z0-9+/=]+)['"`];?\s*$""")


@dataclass(frozen=True)
class Pack:
    """An npm package whose files are JavaScript modules that hold nothing but one data URI each. They are decoded,
    never executed. `folders` of the package become folders of the pack."""

    package: str
    licence: str
    folders: tuple[str, ...]
    what: str


PACKS = {
    "pmndrs": Pack("@pmndrs/assets", "CC0-1.0", ("hdri", "models"), "18 small HDRIs and three models"),
}


def fetch(name: str, root: Path) -> Path:
    """Download a pack and unpack it to ``root/packs/NAME``; returns that folder. Done already, nothing happens.

    Raises AssetError for an unknown pack, without npm, without a network, or when the pack is not what it should be.
    """
    if name not in PACKS:
        raise AssetError(f"no pack {name!r}{did_you_mean(name, PACKS)}")
    pack, target = PACKS[name], root / "packs" / name
    if (target / "asset.yaml").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as place:
        unpack(downloaded(pack.package, Path(place)), Path(place) / "npm")
        ready = Path(place) / "ready"
        if not decode(Path(place) / "npm" / "package", ready, pack):
            raise AssetError(f"{pack.package}: holds none of the files expected; it may have changed its layout")
        shutil.rmtree(target, ignore_errors=True)
        ready.rename(target)
    return target


def downloaded(package: str, folder: Path) -> Path:
    """The package's tarball."""
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError("packs are fetched with npm, which is not installed (on Debian: apt-get install npm)")
    command = [npm, "pack", package, "--pack-destination", str(folder), "--ignore-scripts"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    found = sorted(folder.glob("*.tgz"))
    if done.returncode or not found:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no reason given"]
        raise AssetError(f"{package}: cannot be fetched ({last[0].strip()})")
    return found[0]


def decode(package: Path, target: Path, pack: Pack) -> int:
    """Write the files inside the modules, a card into each folder; how many there were."""
    count = 0
    for folder in pack.folders:
        for module in sorted((package / folder).glob("*.js")):
            match = DATA.match(module.read_bytes())
            if match:
                there = target / folder / module.name.removesuffix(".js")
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_bytes(base64.b64decode(match[1], validate=True))
                count += 1
    card = yaml.safe_dump({"licence": pack.licence, "source": f"npm {pack.package}"}, sort_keys=False)
    for place in {p.parent for p in target.rglob("*")} | {target} if count else ():
        (place / "asset.yaml").write_text(card)
    return count
