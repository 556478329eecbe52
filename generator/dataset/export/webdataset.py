"""WebDataset: ``SPLIT-000000.tar`` with KEY.png (or .jpg), KEY.json and KEY.instance.png of every frame."""

import io
import tarfile
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, BinaryIO, Literal

from PIL import Image
from pydantic import Field

from generator.base.frame import as_json
from generator.dataset.atomic import canonical, write_with
from generator.dataset.export import Delivery, Exporter, Shot, exporters
from generator.dataset.export.files import numbered, png, refuse_strangers
from generator.dataset.export.portions import Portion


@exporters("webdataset")
class WebDataset(Exporter):
    """Tars of `per_tar` frames. The JSON has the picture's size, K (3x3, pixels from the image's corner), classes, and
    all there is to say of every annotated object, by the ids of the instance picture (16 bits, 0: no annotated object).

    `picture` jpg is smaller, at `quality`, and no longer exact.
    """

    picture: Literal["png", "jpg"] = "png"
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    per_tar: Annotated[int, Field(ge=1)] = 1000

    def write(self, delivery: Delivery) -> None:
        counts = {portion.split: -(-len(portion) // self.per_tar) for portion in delivery.portions}
        refuse_strangers(
            delivery.folder,
            lambda name: any(numbered(n, ".tar")(name.removeprefix(f"{split}-")) for split, n in counts.items()),
        )
        for portion in delivery.portions:
            shots = delivery.shots(portion)
            for number in range(counts[portion.split]):
                self._write_tar(delivery, portion, number, shots)

    def _write_tar(self, delivery: Delivery, portion: Portion, number: int, shots: Iterator[Shot]) -> None:
        def fill(file: BinaryIO) -> None:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                for shot in islice(shots, self.per_tar):
                    for name, data in self._members(delivery, shot).items():
                        member = tarfile.TarInfo(f"{shot.record.key}.{name}")
                        member.size = len(data)
                        tar.addfile(member, io.BytesIO(data))

        write_with(delivery.folder / f"{portion.split}-{number:06d}.tar", fill)

    def _members(self, delivery: Delivery, shot: Shot) -> dict[str, bytes]:
        picture, shown = delivery.picture(shot.record), {one.id for one in shot.frame.annotated}
        ids = shot.frame.instance.copy()
        for one in shot.frame.instances:
            if one.id not in shown:
                ids[ids == one.id] = 0
        facts = canonical(_facts(delivery, shot))
        return {"instance.png": png(ids), "json": facts, self.picture: self._encoded(picture)}

    def _encoded(self, picture: bytes) -> bytes:
        if self.picture == "png":
            return picture
        file = io.BytesIO()
        with Image.open(io.BytesIO(picture)) as opened:
            opened.save(file, "jpeg", quality=self.quality)
        return file.getvalue()


def _facts(delivery: Delivery, shot: Shot) -> dict[str, Any]:
    camera = shot.frame.camera
    return {
        "width": camera.width,
        "height": camera.height,
        "camera": camera.intrinsics.tolist(),
        "classes": delivery.classes,
        "instances": [as_json(one) for one in shot.frame.annotated],
        "tags": shot.record.tags,
    }
