"""A config with everything that it names, opened and checked."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.errors import DatasetError
from generator.cli.depths import depth_photographs
from generator.cli.preparing import photographs
from generator.dataset.examples import Source
from generator.dataset.places import Place, place
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.store import Dataset
from generator.farm.job import Job, data_folder, remote_of
from generator.sampling.sampler import Sampler
from generator.spec.config import Farm, RunConfig
from generator.spec.harmonizing import Rules
from generator.spec.load import load_config, load_scene, near, with_engine
from generator.spec.scene import SceneSpec
from generator.spec.training import RealSource


@dataclass(frozen=True)
class Project:
    """One run: its config and scene, where its assets are and where its results go."""

    path: Path
    config: RunConfig
    spec: SceneSpec
    roots: tuple[Path, ...]

    @staticmethod
    def open(path: Path, farm: Farm | None = None) -> "Project":
        """Load config and scene and check both against the catalog. Raises InputError and AssetError."""
        config = load_config(path)
        if farm:
            config = config.model_copy(update={"farm": farm})
        scene = near(path, config.scene)
        roots = asset_roots(scene, [near(path, name) for name in config.assets])
        spec = with_engine(load_scene(scene, Catalog.open(*roots)), config.engine)
        return Project(path, config, spec, roots)

    @property
    def folder(self) -> Path:
        """Where everything of this run is kept; of a run with a remote output, all but its frames."""
        output = self.config.output
        return Path(output if output and "://" not in output else f"runs/{self.config.run}").expanduser()

    @cached_property
    def job(self) -> Job:
        return Job.of(self.config, self.spec, self.roots, data_folder(self.folder, self.config).resolve())

    @property
    def data(self) -> Place:
        """Where the frames are: below `folder`, or at a URL."""
        return place(remote_of(self.config)) if remote_of(self.config) else self.folder / "dataset"

    @property
    def dataset(self) -> Dataset:
        return Dataset.open(self.data)

    @property
    def selection(self) -> Selection:
        return Selection.load(self.data / SELECTION)

    @property
    def real_classes(self) -> tuple[str, ...]:
        """The classes of the real photographs: the scene's, if the config says nothing else."""
        return (self.config.real and self.config.real.classes) or self.spec.classes

    def real(self, source: RealSource | None) -> Source | None:
        """Real photographs of the config, their labels harmonized, or with depth. GeneratorError for what is wrong."""
        if source is None:
            return None
        if self.config.train and self.config.train.model == "depth":
            return depth_photographs(self.path, source)
        rules = self.config.train.harmonize.real if self.config.train else Rules()
        return photographs(self.path, source, self.real_classes, rules)


def asset_roots(scene: Path, extra: list[Path]) -> tuple[Path, ...]:
    """The `assets/` folder beside the scene's own, else beside the one above it, and those that the config names."""
    for root in extra:
        if not root.is_dir():
            raise DatasetError(f"{root}: no such folder of assets")
    above = [folder / "assets" for folder in scene.resolve().parents[1:3]]
    nearest = [folder for folder in above if folder.is_dir()][:1]
    return tuple(dict.fromkeys([*nearest, *(root.resolve() for root in extra)]))


def open_scene(path: Path, size: tuple[int, int], assets: list[Path]) -> tuple[SceneSpec, Sampler]:
    """A scene alone, ready to sample."""
    catalog = Catalog.open(*asset_roots(path, assets))
    spec = load_scene(path, catalog)
    return spec, Sampler(spec, AssetStore(catalog), size)
