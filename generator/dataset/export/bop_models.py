"""BOP's rigid models: one for each mesh and scale, in millimetres."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.geometry import Array
from generator.base.scene import MeshRef, ObjectSample
from generator.dataset.atomic import write_json
from generator.dataset.export.files import place, refuse_strangers

MILLIMETRES = 1000.0
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Model:
    """A mesh at a scale. `extent` and `center` (m) are its bounds' along its own axes."""

    label: str
    mesh: MeshRef
    scale: Triple
    extent: Triple
    center: Triple


class Models:
    """Numbers them from 1 in the order in which they are first met."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._numbers: dict[str, int] = {}
        self._models: list[Model] = []

    def number(self, drawn: ObjectSample, one: Instance) -> int:
        """The model of an object. Raises DatasetError beyond the limit, and where its size is not recorded."""
        key = f"{drawn.mesh.model_dump_json()} {drawn.pose.scale}"
        if key not in self._numbers:
            if len(self._numbers) == self.limit:
                raise DatasetError(
                    f"more than {self.limit} distinct models: BOP's are rigid, and here sizes or shapes differ from "
                    "object to object; use a fixed scale in the scene, or raise `models`"
                )
            if not any(one.extent):
                raise DatasetError(f"the size of {one.name} is not recorded; paint the data set again")
            self._models.append(Model(one.label or "", drawn.mesh, drawn.pose.scale, one.extent, one.center))
            self._numbers[key] = len(self._models)
        return self._numbers[key]

    def write(self, folder: Path, store: AssetStore | None) -> None:
        """models_info.json, and with a store the meshes as obj_000001.ply."""
        names = {f"obj_{number:06d}.ply" for number in range(1, len(self._models) + 1)} if store else set()
        refuse_strangers(folder, lambda name: name in names or name == "models_info.json")
        info = {}
        for number, model in enumerate(self._models, 1):
            points = None
            if store is not None:
                mesh = store.mesh(model.mesh)
                used, faces = np.unique(mesh.faces, return_inverse=True)  # keypoints may belong to no face
                points = mesh.vertices[used] * np.array(model.scale) * MILLIMETRES
                faces = faces.reshape(-1, 3)[:, :: -1 if math.prod(model.scale) < 0 else 1]
                place(folder / f"obj_{number:06d}.ply", ply(points, faces))
            info[str(number)] = _info(model, points)
        write_json(folder / "models_info.json", info)


def _info(model: Model, points: Array | None) -> dict[str, Any]:
    size, center = np.array(model.extent) * MILLIMETRES, np.array(model.center) * MILLIMETRES
    least = center - size / 2
    return {
        "diameter": float(np.linalg.norm(size)) if points is None else diameter(points),
        **{f"min_{axis}": float(n) for axis, n in zip("xyz", least, strict=True)},
        **{f"size_{axis}": float(n) for axis, n in zip("xyz", size, strict=True)},
        "label": model.label,
        "asset": model.mesh.asset,
        "scale": model.scale,
    }


def diameter(points: Array) -> float:
    """Greatest distance between any two of (n, 3)."""
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:
        points = np.unique(points, axis=0)  # flat: no hull in space
    return max(float(cdist(points[start : start + 512], points).max()) for start in range(0, len(points), 512))


def ply(points: Array, faces: NDArray[np.int64]) -> bytes:
    """Binary PLY with normals at the vertices, the sums of those of their faces weighted by area."""
    vertices = np.concatenate([points, _normals(points, faces)], 1).astype("<f4")
    rows = np.zeros(len(faces), [("count", "u1"), ("index", "<i4", 3)])
    rows["count"], rows["index"] = 3, faces
    properties = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n{properties}"
    head += f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    return head.encode() + vertices.tobytes() + rows.tobytes()


def _normals(points: Array, faces: NDArray[np.int64]) -> Array:
    a, b, c = (points[faces[:, k]] for k in range(3))
    flat, summed = np.cross(b - a, c - a), np.zeros_like(points)
    for k in range(3):
        np.add.at(summed, faces[:, k], flat)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)
