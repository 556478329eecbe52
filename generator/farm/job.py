"""What every worker must know to paint: plain data, small, the same for all of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from socket import gethostname

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.assets.unchanged import files
from generator.base.errors import AssetError, GeneratorError
from generator.base.scene import SceneSample
from generator.dataset.store import Manifest
from generator.sampling.sampler import Sampler
from generator.spec.check import globs
from generator.spec.config import RunConfig
from generator.spec.scene import SceneSpec

OTHERWISE = "{} on {} is not as on the machine that started the run"
VERSION = "{} is {} on {}, but {} on the machine that started the run: pictures and labels may depend on it"
SAME = "give all machines the same assets"
PAINTING = ("generator", "bpy", "embreex", "numpy", "trimesh")  # whose versions may change pixels or labels


@dataclass(frozen=True)
class Job:
    """One run's painting. `scene` is the spec as JSON, `roots` the asset folders, `folder` where shards go. With a
    `remote` (a URL), shards are committed there, and `folder` is where a machine makes them. Workers give a sign of
    life every `beat` seconds, as far as they are between two frames: a thousand workers, a hundred signs a second.
    `files` are ids and hashes of all that scenes may pick, `versions` those of the programs that paint, where the
    driver is (empty: not looked at): every machine must have the same."""

    scene: str
    roots: tuple[Path, ...]
    folder: Path
    seed: int
    size: tuple[int, int]
    labels: tuple[str, ...]
    pixels: float
    device: str
    painter: str = "blender"
    remote: str = ""
    beat: float = 0.5
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)

    @staticmethod
    def of(config: RunConfig, spec: SceneSpec, roots: tuple[Path, ...], folder: Path, painter: str = "") -> "Job":
        return Job(
            canonical(spec), roots, folder, config.seed, config.size, config.labels, config.audit.pixels,
            config.farm.device, painter or config.painter, remote_of(config),
            beat=min(max(config.farm.timeout / 30, 0.5), 10.0),
        )  # fmt: skip

    @property
    def spec(self) -> SceneSpec:
        return SceneSpec.model_validate_json(self.scene)

    def sampler(self) -> Sampler:
        """A sampler with a store of its own."""
        return Sampler(self.spec, AssetStore(Catalog.open(*self.roots)), self.size)

    def manifest(self) -> Manifest:
        """What the data set will be made of: two jobs with equal manifests make the same frames."""
        spec, catalog = self.spec, Catalog.open(*self.roots)
        found = self.files or hashes(spec, catalog)
        versions = {**(self.versions or installed()), "painter": self.painter}
        return Manifest(
            scene=spec.scene, spec=sha256(self.scene), assets=sha256(listing(found)), seed=self.seed,
            classes=spec.classes, size=self.size, labels=self.labels, versions=versions,
            licences={name: catalog[name].licence or "not stated" for name in found},
        )  # fmt: skip

    def listed(self) -> "Job":
        """With the `files` and `versions` that are here."""
        return replace(self, files=hashes(self.spec, Catalog.open(*self.roots)), versions=installed())

    def refuse_others(self, catalog: Catalog) -> None:
        """Raise GeneratorError where this machine would paint with other programs than the driver's, AssetError where
        it has more or fewer files to pick from: the same seed would pick others."""
        for name, version in installed().items():
            if version != (there := self.versions.get(name, version)):
                told = VERSION.format(name, version, gethostname(), there)
                raise GeneratorError(f"{told}; install the same everywhere")
        here = set(pickable(self.spec, catalog)) if self.files else set()
        if self.files and (differ := sorted(here ^ self.files.keys())):
            first = f"{differ[0]!r} is {'here' if differ[0] in here else 'there'} only"
            raise AssetError(f"{OTHERWISE.format(catalog.where, gethostname())}: {len(differ)} differ, {first}; {SAME}")

    def checked(self, sample: SceneSample, catalog: Catalog) -> SceneSample:
        """The sample. Raises AssetError where a file that it uses is not what it is at the driver's."""
        for name, found in files(sample):
            if self.files.get(name, found) != found:
                raise AssetError(f"{OTHERWISE.format(catalog[name].path, gethostname())}: other content; {SAME}")
        return sample


def canonical(spec: SceneSpec) -> str:
    """The spec as JSON with sorted keys: equal specs, equal text, whatever the order in YAML."""
    return json.dumps(spec.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=True)


def installed() -> dict[str, str]:
    """Versions of the programs that paint, on this machine."""
    return {name: metadata.version(name) for name in PAINTING}


def hashes(spec: SceneSpec, catalog: Catalog) -> dict[str, str]:
    """Hashes of every file the spec can pick, by id."""
    return {name: catalog[name].sha256 for name in pickable(spec, catalog)}


def listing(files: Mapping[str, str]) -> str:
    """Ids and hashes, one a line."""
    return "\n".join(f"{name} {sha256}" for name, sha256 in files.items())


def pickable(spec: SceneSpec, catalog: Catalog) -> list[str]:
    """Ids of every file the spec can pick, sorted."""
    patterns = {pattern for _, files in globs(spec, ()) for pattern in files.pick}
    return sorted({name for pattern in patterns for name in catalog.glob(pattern, ("mesh", "image", "hdri"))})


def remote_of(config: RunConfig) -> str:
    """Where a config whose `output` is a URL, such as ``s3://bucket/run``, commits its shards; else nothing."""
    return f"{config.output.rstrip('/')}/dataset" if "://" in config.output else ""


def data_folder(folder: Path, config: RunConfig) -> Path:
    """Where below a run's folder its shards are made. A remote output has a folder of its own: a local run of the same
    name is another data set."""
    url = remote_of(config)
    return folder / (f"staging-{sha256(url)[:12]}" if url else "dataset")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
