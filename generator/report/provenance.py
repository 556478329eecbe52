"""What everything was made from: assets with their licences, photographs, versions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.assets.catalog import Catalog, read_card
from generator.base.scene import SceneSample
from generator.dataset.examples import Source
from generator.dataset.parts import SAMPLE
from generator.dataset.shards import read_parts
from generator.dataset.store import Dataset

MOST_SCENES = 300


@dataclass(frozen=True)
class Used:
    """One asset: its id, how often it was used, licence and source as its card gives them."""

    id: str
    times: int
    licence: str
    source: str


@dataclass(frozen=True)
class Photographs:
    """One set of real photographs. `card` has licence and source where an asset.yaml lies beside the labels."""

    role: str
    name: str
    pictures: int
    licence: str
    source: str


def used_assets(dataset: Dataset, catalog: Catalog) -> tuple[list[Used], int]:
    """Assets by how often scenes use them, and how many scenes were read: all, or evenly spaced ones of many."""
    frames = dataset.frames
    step = max(1, -(-len(frames) // MOST_SCENES))
    counts: Counter[str] = Counter()
    for record in frames[::step]:
        piece = read_parts(dataset.folder, record, [SAMPLE]).get(SAMPLE)
        if piece:
            counts.update(_names(SceneSample.model_validate_json(piece)))
    return [_used(name, times, catalog) for name, times in counts.most_common()], len(frames[::step])


def _names(sample: SceneSample) -> Iterator[str]:
    for one in sample.objects:
        yield one.mesh.asset
        yield from (texture.image for texture in one.material.textures if texture.image)
    if sample.world.environment:
        yield sample.world.environment


def _used(name: str, times: int, catalog: Catalog) -> Used:
    if name.startswith("shape/"):
        return Used(name, times, "", "made by this program")
    asset = catalog.assets.get(name)
    return Used(name, times, asset.licence if asset else "", asset.source if asset else "")


def photographs(role: str, source: Source) -> Photographs:
    card = read_card(Path(source.name).parent / "asset.yaml")
    return Photographs(role, source.name, len(source), card.licence.strip(), card.source.strip())
