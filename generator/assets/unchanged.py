"""A scene names its files with their hashes: what was sampled is what is painted."""

from collections.abc import Iterator

from generator.assets.catalog import Asset, Catalog
from generator.base.errors import AssetError
from generator.base.scene import SceneSample


def files(sample: SceneSample) -> Iterator[tuple[str, str]]:
    """Id and SHA-256 of every catalog file that a scene uses."""
    world = sample.world
    yield from ((world.environment, world.sha256), (world.photo, world.photo_sha256))
    textures = [t for one in sample.objects for t in one.material.textures]
    yield from ((t.image, t.sha256) for t in (*textures, *([world.pattern] if world.pattern else [])))
    yield from ((one.mesh.asset, one.mesh.sha256) for one in sample.objects)


def refuse_changed(sample: SceneSample, catalog: Catalog) -> None:
    """Raises AssetError for an asset that changed since the scene was sampled. Each file is hashed once a process."""
    for name, sha256 in sorted(set(files(sample))):
        if sha256 and catalog[name].sha256 != sha256:
            raise changed(catalog[name])


def changed(asset: Asset) -> AssetError:
    """That an asset is not what was sampled."""
    what = "the file, one that it names, or its asset.yaml" if asset.kind == "mesh" else "the file"
    return AssetError(f"{asset.path}: {what} has changed since this scene was sampled; sample it again")
