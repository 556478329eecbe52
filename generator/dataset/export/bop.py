"""BOP: ``SPLIT/000000/{rgb,depth,mask,mask_visib}`` with scene_camera, scene_gt and scene_gt_info, and ``models``.

Written from bop_toolkit's description of the format and its calc_gt_info (T. Hodan et al.), with one difference on
purpose: what is visible is decided by the ids of the nearest surfaces, not by depths within 15 mm.
"""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.geometry import Box, extent, rotation_matrix
from generator.dataset.atomic import write_bytes, write_json
from generator.dataset.export import Delivery, Exporter, Shot, exporters
from generator.dataset.export.bop_models import Models
from generator.dataset.export.files import Expected, numbered, place, png, refuse_strangers, write_lines
from generator.dataset.export.portions import Portion
from generator.dataset.export.space import intrinsics
from generator.truth.labels import cast

MILLIMETRES = 1000.0
NOWHERE = [-1, -1, -1, -1]
ABOUT = """# {scene}

Synthetic frames in BOP's format: millimetres, OpenCV's camera axes, whole numbers at the centres of pixels.
Frame `KEY` of a split is the one that `keys.txt` of the split lists with its scene and image.
Visible pixels are those whose nearest surface is the object's; no depth tolerance is involved.
Widths and heights of boxes are differences of the greatest and least pixel, as bop_toolkit computes them.
{note}"""
WITHOUT_STORE = """Models were not at hand: there are no PLY files, `diameter` is the diagonal of the bounding box (an
upper bound), and `bbox_obj` of an object that is cut by the image's border ends there.
"""


@exporters("bop")
class Bop(Exporter):
    """All objects with a class, hidden ones too. Scenes of `per_scene` images; `visib_fract` and `px_count_all` count
    the whole silhouette, also outside the image.

    BOP's models are rigid: each distinct mesh and scale is a model (`models_info.json` tells its class and asset), and
    more than `models` of them are refused. With a `store`, models are written as PLY files.
    """

    per_scene: Annotated[int, Field(ge=1)] = 1000
    models: Annotated[int, Field(ge=1)] = 10_000

    def write(self, delivery: Delivery) -> None:
        if not delivery.keeps("amodal"):
            raise DatasetError(f"{delivery.dataset.folder}: keeps no amodal masks; BOP needs `labels: [amodal, depth]`")
        models = Models(self.models)
        for portion in delivery.portions:
            self._write_split(delivery, portion, models)
        models.write(delivery.folder / "models", delivery.store)
        note = "" if delivery.store else WITHOUT_STORE
        text = ABOUT.format(scene=delivery.dataset.manifest.scene, note=note)
        write_bytes(delivery.folder / "dataset_info.md", text.encode())

    def _write_split(self, delivery: Delivery, portion: Portion, models: Models) -> None:
        self._refuse(delivery.folder / portion.split, len(portion))
        tables: tuple[dict[str, Any], ...] = ({}, {}, {})
        for shot in delivery.shots(portion):
            scene, image = divmod(shot.number - 1, self.per_scene)
            folder = delivery.folder / portion.split / f"{scene:06d}"
            for table, entry in zip(tables, _write_frame(delivery, shot, folder, image, models), strict=True):
                table[str(image)] = entry
            if image + 1 == self.per_scene or shot.number == len(portion):
                for name, table in zip(("scene_camera", "scene_gt", "scene_gt_info"), tables, strict=True):
                    write_json(folder / f"{name}.json", table)
                    table.clear()
        places = (divmod(number, self.per_scene) for number in range(len(portion)))
        rows = (f"{s:06d} {i:06d} {key.decode()}" for (s, i), key in zip(places, portion.keys, strict=True))
        write_lines(delivery.folder / portion.split / "keys.txt", rows)

    def _refuse(self, folder: Path, count: int) -> None:
        scenes = -(-count // self.per_scene)
        refuse_strangers(folder, numbered(scenes, ""), lambda name: name == "keys.txt")
        for scene in range(scenes):
            images = min(self.per_scene, count - scene * self.per_scene)
            for name in ("rgb", "depth"):
                refuse_strangers(folder / f"{scene:06d}" / name, numbered(images, ".png"))
            for name in ("mask", "mask_visib"):
                refuse_strangers(folder / f"{scene:06d}" / name, _masks(images))


def _masks(images: int) -> Expected:
    """Whether a name is that of a mask: image and object, six digits each."""
    image, one = numbered(images, ""), numbered(10**6, ".png")
    return lambda name: image(name.partition("_")[0]) and one(name.partition("_")[2])


def _write_frame(delivery: Delivery, shot: Shot, folder: Path, image: int, models: Models) -> tuple[Any, Any, Any]:
    """Pictures and masks; the image's entries for scene_camera, scene_gt and scene_gt_info."""
    units, scale = encoded_depth(shot.frame.depth) if delivery.keeps("depth") else (None, 1.0)
    camera = _camera(shot, scale)  # refuses lenses before anything is written
    poses, info = [], []
    for number, one in enumerate(i for i in shot.frame.instances if i.label is not None):
        amodal, name = shot.frame.amodal_mask(one.id), f"{image:06d}_{number:06d}.png"
        place(folder / "mask" / name, png(amodal.astype(np.uint8) * 255))
        place(folder / "mask_visib" / name, png(shot.frame.mask(one.id).astype(np.uint8) * 255))
        poses.append(_pose(one, models.number(shot.sample.instances[one.id - 1], one)))
        valid = one.amodal_pixels if units is None else int((units[amodal] > 0).sum())
        info.append(_info(one, valid, *silhouette(delivery, shot, one)))
    place(folder / f"rgb/{image:06d}.png", delivery.picture(shot.record))
    if units is not None:
        place(folder / f"depth/{image:06d}.png", png(units))
    return camera, poses, info


def _camera(shot: Shot, scale: float) -> dict[str, Any]:
    camera = shot.frame.camera
    return {
        "cam_K": intrinsics(camera, shot.record.key, "BOP").ravel().tolist(),
        "depth_scale": scale,
        "cam_R_w2c": camera.camera_from_world[:3, :3].ravel().tolist(),
        "cam_t_w2c": (camera.camera_from_world[:3, 3] * MILLIMETRES).tolist(),
    }


def _pose(one: Instance, model: int) -> dict[str, Any]:
    return {
        "obj_id": model,
        "cam_R_m2c": rotation_matrix(np.array(one.rotation)).ravel().tolist(),
        "cam_t_m2c": [n * MILLIMETRES for n in one.position],
    }


def _info(one: Instance, valid: int, whole: Box | None, pixels: int) -> dict[str, Any]:
    seen = one.visible_pixels > 0
    return {
        "px_count_all": pixels,
        "px_count_valid": valid,
        "px_count_visib": one.visible_pixels,
        "visib_fract": one.visible_pixels / pixels if pixels else 0.0,
        "bbox_obj": _xywh(whole) if seen else NOWHERE,
        "bbox_visib": _xywh(one.box) if seen else NOWHERE,
    }


def _xywh(box: Box | None) -> list[int]:
    """x, y and the differences of the greatest and least pixel: bop_toolkit's calc_2d_bbox."""
    return NOWHERE if box is None else [box[0], box[1], box[2] - 1 - box[0], box[3] - 1 - box[1]]


def silhouette(delivery: Delivery, shot: Shot, one: Instance) -> tuple[Box | None, int]:
    """Box and pixels of all the object would cover if the image were larger by its own size on every side.

    Cast again where the meshes are at hand. Else the pixels follow from the share outside the image, and the box is the
    part of it inside.
    """
    if delivery.store is None:
        return one.amodal_box, round(one.amodal_pixels / (1 - one.truncated_fraction)) if one.amodal_pixels else 0
    drawn = shot.sample.instances[one.id - 1]
    layer = cast(delivery.store.mesh(drawn.mesh), drawn.pose.matrix(), shot.frame.camera)
    box = None if layer is None else extent(np.isfinite(layer.depth))
    if layer is None or box is None:
        return None, 0
    x, y = layer.box[:2]
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y), int(np.isfinite(layer.depth).sum())


def encoded_depth(depth: NDArray[np.float32]) -> tuple[NDArray[np.uint16], float]:
    """uint16 and the millimetres of one unit: 0.1 if all that is finite fits, else 1. 0 where nothing is or fits."""
    far = float(depth[np.isfinite(depth)].max(initial=0.0)) * MILLIMETRES
    scale = 0.1 if round(far / 0.1) <= 65535 else 1.0
    units = np.round(depth.astype(float) * MILLIMETRES / scale)
    return np.where(units <= 65535, units, 0).astype(np.uint16), scale
