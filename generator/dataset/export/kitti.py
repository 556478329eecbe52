"""KITTI: ``SPLIT/{image_2,label_2,calib,depth_2}/000000.*``, boxes in the image and in space, depth as 16-bit PNG."""

import math

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.geometry import Array, Camera, rotation_matrix
from generator.dataset.export import Delivery, Exporter, Shot, exporters
from generator.dataset.export.files import numbered, place, png, refuse_strangers, write_lines
from generator.dataset.export.portions import Portion
from generator.dataset.export.space import corners, intrinsics

FULLY, LARGELY = 0.95, 0.5  # visible fractions: occlusion 0 from FULLY on, 2 below LARGELY, else 1
UNKNOWN = (-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0)


@exporters("kitti")
class Kitti(Exporter):
    """Rows of label_2: type, truncated, occluded, alpha, the visible box (first and last pixel, counted from 0),
    height width length, location (middle of the bottom, metres, camera frame), rotation_y.

    KITTI's boxes in space only turn about the camera's y axis. Ours is the smallest such box around the object's own
    oriented box, with its length along the object's x axis as seen from above: exact for an object that stands upright
    before a level camera, larger than the object otherwise. ``space: false`` writes KITTI's marks for "unknown".

    Pixels of a picture have whole numbers at their centres, so that P2's principal point is half a pixel less than
    ours. `depth_2` (where the data set keeps depth) is metres times 256, rounded; 0 where there is nothing, or nothing
    nearer than 256 m. Frames are numbered from 0; keys.txt says which is which. Spaces in class names become "_".
    """

    space: bool = True

    def write(self, delivery: Delivery) -> None:
        for portion in delivery.portions:
            self._refuse(delivery, portion)
            for shot in delivery.shots(portion):
                self._write_frame(delivery, shot)
            lines = (f"{number:06d} {key.decode()}" for number, key in enumerate(portion.keys))
            write_lines(delivery.folder / portion.split / "keys.txt", lines)

    def _refuse(self, delivery: Delivery, portion: Portion) -> None:
        folders = {"image_2": ".png", "label_2": ".txt", "calib": ".txt", "depth_2": ".png"}
        for name, suffix in folders.items():
            refuse_strangers(delivery.folder / portion.split / name, numbered(len(portion), suffix))

    def _write_frame(self, delivery: Delivery, shot: Shot) -> None:
        folder, name = delivery.folder / shot.record.split, f"{shot.number - 1:06d}"
        rows = [self._row(shot, one) for one in shot.frame.annotated]
        calib = calibration(shot.frame.camera, shot.record.key)  # refuses lenses before anything is written
        place(folder / f"label_2/{name}.txt", "".join(f"{row}\n" for row in rows).encode())
        place(folder / f"calib/{name}.txt", calib)
        place(folder / f"image_2/{name}.png", delivery.picture(shot.record))
        if delivery.keeps("depth"):
            place(folder / f"depth_2/{name}.png", png(encoded_depth(shot.frame.depth)))

    def _row(self, shot: Shot, one: Instance) -> str:
        if self.space and not any(one.extent):
            raise DatasetError(
                f"{shot.record.key}: the size of {one.name} is not recorded, so that it has no box in space; paint "
                "the data set again, or set space to false for boxes in the image alone"
            )
        x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
        box3 = box_in_space(one) if self.space else UNKNOWN
        alpha = wrapped(box3[6] - math.atan2(box3[3], box3[5])) if self.space else -10.0
        numbers = (alpha, x0, y0, x1 - 1, y1 - 1, *box3)
        head = f"{'_'.join((one.label or '').split())} {one.truncated_fraction:.6f} {occlusion(one.visible_fraction)}"
        return " ".join([head, *(f"{n:.6f}" for n in numbers)])


def occlusion(visible: float) -> int:
    """0 fully visible, 1 partly occluded, 2 largely occluded."""
    return 0 if visible >= FULLY else 1 if visible >= LARGELY else 2


def box_in_space(one: Instance) -> tuple[float, float, float, float, float, float, float]:
    """Height, width, length, x, y, z of the middle of the bottom, and rotation_y, of the smallest box around the
    oriented box of an object that turns about the camera's y axis only. rotation_y 0 looks along the camera's x."""
    forward = rotation_matrix(np.array(one.rotation))[:, 0]
    turn = wrapped(math.atan2(-forward[2], forward[0]))
    c, s = math.cos(turn), math.sin(turn)
    camera_from_box = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    inside = corners(one) @ camera_from_box
    low, high = inside.min(0), inside.max(0)
    x, y, z = camera_from_box @ [(low[0] + high[0]) / 2, high[1], (low[2] + high[2]) / 2]
    length, height, width = high - low
    return float(height), float(width), float(length), float(x), float(y), float(z), turn


def wrapped(angle: float) -> float:
    """The same angle in [-pi, pi)."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def calibration(camera: Camera, key: str) -> bytes:
    """P0 to P3 are all this camera; the laser scanner stands where it does, its x forward and z up."""
    projection = np.concatenate([intrinsics(camera, key, "KITTI"), np.zeros((3, 1))], 1)
    laser = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0]])
    rows: dict[str, Array] = {f"P{n}": projection for n in range(4)}
    rows |= {"R0_rect": np.eye(3), "Tr_velo_to_cam": laser, "Tr_imu_to_velo": np.eye(3, 4)}
    text = {name: " ".join(f"{n:.12e}" for n in values.ravel()) for name, values in rows.items()}
    return "".join(f"{name}: {numbers}\n" for name, numbers in text.items()).encode()


def encoded_depth(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Metres to units of 1/256 m; 0 where that does not fit."""
    units = np.round(depth.astype(float) * 256)
    return np.where(units <= 65535, units, 0).astype(np.uint16)
