"""What checking the painter against the labels found."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.dataset.records import FrameRecord


@dataclass(frozen=True)
class Audited:
    """Sums over the frames that were compared with the painter's own passes. `frames` is how many those are."""

    frames: int
    of: int
    compared: int
    disagree: int
    inner: int
    worst: list[tuple[str, int, int]]
    depth_frames: int
    depth_median: float | None
    depth_worst: float | None
    overlap: float | None
    quarantine: list[tuple[str, str]]

    @property
    def share(self) -> float:
        return self.disagree / max(1, self.compared)


def audited(good: Sequence[FrameRecord], bad: Sequence[FrameRecord]) -> Audited:
    """`good` frames are in the data set, `bad` ones in quarantine: they are listed, but not summed."""
    compared = [frame for frame in good if frame.audit.get("compared")]
    depth = sorted(frame.audit["depth_error"] for frame in compared if "depth_error" in frame.audit)
    worst = sorted(compared, key=lambda frame: (-frame.audit.get("disagree", 0), frame.key))[:5]
    return Audited(
        frames=len(compared),
        of=len(good),
        compared=_sum(compared, "compared"),
        disagree=_sum(compared, "disagree"),
        inner=_sum(compared, "inner"),
        worst=[(f.key, int(f.audit.get("disagree", 0)), int(f.audit["compared"])) for f in worst],
        depth_frames=len(depth),
        depth_median=depth[len(depth) // 2] if depth else None,
        depth_worst=depth[-1] if depth else None,
        overlap=min((f.audit["overlap"] for f in compared if "overlap" in f.audit), default=None),
        quarantine=[(frame.key, frame.quarantine) for frame in bad],
    )


def _sum(frames: Sequence[FrameRecord], name: str) -> int:
    return int(sum(frame.audit.get(name, 0) for frame in frames))
