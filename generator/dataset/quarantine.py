"""What failed its audit, kept to be looked at: ``quarantine/KEY/`` beside the shards. No part of the data."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.dataset import parts
from generator.dataset.atomic import canonical, write_bytes
from generator.dataset.places import Place
from generator.truth.coding import image, png

QUARANTINE = "quarantine"
REASON, PAINTED, DIFFERENCE, FACTS = "reason.txt", "painted.png", "difference.png", "facts.json"
DIFFERS = (255, 30, 40)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A frame that failed, and the painter's own index of it where there is one (uint16, of any size)."""

    frame: Frame
    painted: NDArray[np.uint16] | None = None


@dataclass(frozen=True, eq=False)
class Failed:
    """A frame in quarantine as it was kept: `frame` and `difference` are None where painting itself failed."""

    reason: str
    sample: SceneSample
    frame: Frame | None
    difference: NDArray[np.uint8] | None


def files(sample: SceneSample, reason: str, audit: Mapping[str, float], evidence: Evidence | None) -> dict[str, bytes]:
    """By name: why, and the scene; of a frame that was painted its picture, instance ids and facts as in a shard, the
    painter's index, and the picture in grey with every pixel red whose index is not its label."""
    found = {REASON: f"{reason}\n".encode(), parts.SAMPLE: canonical(sample.model_dump())}
    if evidence is None:
        return found
    found |= parts.encode(evidence.frame, sample, ("amodal",), audit)
    found[FACTS] = found.pop(parts.FACTS)
    if evidence.painted is not None:
        found[PAINTED] = png(evidence.painted)
        if evidence.painted.shape == evidence.frame.instance.shape:
            found[DIFFERENCE] = png(difference(evidence.frame, evidence.painted))
    return found


def difference(frame: Frame, painted: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """uint8 (h, w, 3): grey and dim, but red where the painted index is not the labelled one."""
    grey = np.full(painted.shape, 128.0) if frame.rgb is None else frame.rgb.mean(-1)
    shown = np.repeat((0.5 * grey).astype(np.uint8)[..., None], 3, -1)
    shown[frame.instance != painted] = DIFFERS
    return shown


def write(folder: Path, key: str, found: Mapping[str, bytes]) -> dict[str, str]:
    """Put a frame's files into quarantine; their SHA-256 by path below `folder`. Without files, what an interrupted
    run may have left there for this key is removed."""
    place = Path(folder) / QUARANTINE / key
    if place.is_dir() and {p.name for p in place.iterdir()} - found.keys():
        shutil.rmtree(place)
    for name, data in sorted(found.items()):
        write_bytes(place / name, data)
    return {f"{QUARANTINE}/{key}/{name}": hashlib.sha256(data).hexdigest() for name, data in sorted(found.items())}


def read(folder: Place, key: str) -> Failed:
    """What was kept of a frame in quarantine. Raises DatasetError when it is not there, or damaged."""
    place = folder / QUARANTINE / key
    try:
        found = {path.name: path.read_bytes() for path in place.iterdir()}
        sample = SceneSample.model_validate_json(found[parts.SAMPLE])
        frame = None
        if parts.INSTANCE in found:
            frame, _ = parts.decode({**found, parts.FACTS: found[FACTS]})
        shown = image(found[DIFFERENCE]) if DIFFERENCE in found else None
        return Failed(found[REASON].decode().strip(), sample, frame, shown)
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{place}: cannot be read ({type(error).__name__}: {error})") from error
