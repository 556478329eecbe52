"""What is odd about an asset: told before it spoils a thousand pictures."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import trimesh

from generator.assets.companions import missing_files
from generator.assets.loading import Up, load_mesh
from generator.assets.mesh import Mesh
from generator.base.errors import AssetError

LIKELY = (0.002, 50.0)  # metres: what a scene's object measures
FAR = 10_000  # times its size from its origin: single precision is off by a thousandth of the size
TRIANGLES = 500_000
BYTES = 512 * 2**20


@dataclass(frozen=True)
class Findings:
    """One mesh file: size (m), triangles, and what is odd about it, in words. `broken` files cannot be used."""

    path: Path
    extent: tuple[float, float, float] = (0.0, 0.0, 0.0)
    triangles: int = 0
    watertight: bool = False
    textured: bool = False
    odd: list[str] = field(default_factory=list)
    broken: str = ""


def inspect(path: Path, up: Up | None = None, scale: float = 1.0) -> Findings:
    """Read one mesh file whole and look for what is wrong with it."""
    if path.stat().st_size > BYTES:
        return Findings(path, broken=f"larger than {BYTES // 2**20} MB")
    try:
        mesh = load_mesh(path, up, scale)
    except AssetError as error:
        return Findings(path, broken=str(error).removeprefix(f"{path}: "))
    body = welded(mesh)
    x, y, z = (float(v) for v in np.ptp(mesh.bounds, axis=0))
    odd = size_faults(max(x, y, z)) + place_faults(mesh) + surface_faults(mesh, body)
    odd += [f"its texture or part {name!r} is missing" for name in missing_files(path)]
    return Findings(path, (x, y, z), len(mesh.faces), bool(body.is_watertight), mesh.texture is not None, odd)


def welded(mesh: Mesh) -> trimesh.Trimesh:
    """With vertices at the same place made one: seams of texture coordinates are no holes."""
    places, index = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return trimesh.Trimesh(places, index.reshape(-1)[mesh.faces], process=False)


def size_faults(largest: float) -> list[str]:
    if LIKELY[0] <= largest <= LIKELY[1]:
        return []
    fits = [f" (is it in {unit}? scale {s})" for unit, s in UNITS if 5 * LIKELY[0] <= largest * s <= LIKELY[1] / 10]
    return [f"is {largest:.3g} m across{fits[0] if fits else ''}"]


def place_faults(mesh: Mesh) -> list[str]:
    """Scans come in the coordinates of a survey, whose last metres single precision does not have."""
    off, largest = (float(np.linalg.norm(vector)) for vector in (mesh.bounds.mean(0), np.ptp(mesh.bounds, axis=0)))
    if off < FAR * largest:
        return []
    return [f"lies {off:.3g} m from its origin, too far to be painted where its labels are; move it there"]


UNITS = (("centimetres", 0.01), ("millimetres", 0.001), ("inches", 0.0254), ("metres, written as millimetres", 1000))


def surface_faults(mesh: Mesh, body: trimesh.Trimesh) -> list[str]:
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(float) for k in range(3))
    flat = int((np.linalg.norm(np.cross(b - a, c - a), axis=1) <= 1e-14).sum())
    found = [f"{flat} of {len(mesh.faces)} triangles have no area"] if flat else []
    if len(mesh.faces) > TRIANGLES:
        found.append(f"has {len(mesh.faces):,} triangles; painting would be quicker with fewer")
    if body.is_watertight and body.volume < 0:
        found.append("is inside out; flip its faces")
    elif not body.is_watertight:
        found.append("is not watertight (fine for painting and physics)")
    return found
