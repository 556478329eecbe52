"""One finished picture: painted, compared with the label rays, bent by its lens, and labelled."""

from dataclasses import dataclass, field

from generator.assets.store import AssetStore
from generator.assets.unchanged import refuse_changed
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.base.timing import timed
from generator.render.painter import Painted, Painter
from generator.render.plate import plate_of, through
from generator.truth.audit import AuditResult, Limits, audit
from generator.truth.labels import label


@dataclass(frozen=True)
class Picture:
    """`frame` holds the labels and the picture as it left the lens, before the sensor. `painted` is what the painter
    gave, of the plate where there is one; the audit compares that with rays through the plate's own camera. `seconds`
    of wall time per stage."""

    frame: Frame
    painted: Painted
    audit: AuditResult
    seconds: dict[str, float] = field(default_factory=dict)


def take(
    sample: SceneSample, painter: Painter, store: AssetStore, limits: Limits | None = None, normals: bool = True
) -> Picture:
    """Paint, audit and label one scene; whether the audit passed is for the caller to judge. Raises RenderError when it
    cannot be painted, AssetError when a file has changed since it was sampled."""
    return finished(sample, paint(sample, painter, store), store, limits, normals)


def paint(sample: SceneSample, painter: Painter, store: AssetStore) -> Painted:
    """The first half of `take`, which needs the painter."""
    refuse_changed(sample, store.catalog)
    return painter.paint(plate_of(sample))


def finished(
    sample: SceneSample, painted: Painted, store: AssetStore, limits: Limits | None = None, normals: bool = True
) -> Picture:
    """The second half of `take`, which does not: it may go on while the painter paints something else."""
    plate, seconds = plate_of(sample), dict[str, float]()
    with timed(seconds, "label"):
        frame = label(sample, store, normals=normals)
        behind = frame if plate is sample else label(plate, store, normals=False)
    with timed(seconds, "audit"):
        compared = audit(behind.with_rgb(painted.rgb), painted.index, painted.depth, limits)
    if plate is sample:
        return Picture(frame.with_rgb(painted.rgb), painted, compared, painted.seconds | seconds)
    with timed(seconds, "lens"):
        frame = frame.with_rgb(through(painted.rgb, sample, plate))
    return Picture(frame, painted, compared.also(audit(frame, limits=limits)), painted.seconds | seconds)
