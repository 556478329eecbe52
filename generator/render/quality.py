"""The cheapest way to paint that reaches a quality: a ladder of settings against a picture of many samples.

Error is measured where a detector looks, on developed 8-bit pictures: PSNR = 10 log10(255² / MSE), with the mean square
error pooled over all pictures, so that one bad scene counts. The reference is painted with up to 1,024 samples of
another random seed, stopped where its own estimate of noise is far below the target, and denoised with filtered guides.
Its own error adds to what is measured (about 0.5 dB at 30): the choice errs on the side of quality.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generator.base.errors import RenderError
from generator.base.record import Record
from generator.base.scene import RenderSample, SceneSample
from generator.render.painter import Painter
from generator.truth.audit import edges

PIXELS = 320 * 240  # at most, of a picture that is painted for measuring
FAR = 1 << 62  # added to a scene's index for the reference: another seed of the renderer, and nothing else
LEAST = 1e-3  # mean square error of equal 8-bit pictures: 78 dB, instead of infinity

Prefilter = Literal["none", "fast", "accurate"]
Filter = Literal["fast", "balanced", "high"]


class Rung(Record):
    """Settings of `RenderSample` that trade time for error; the others stay as the scene has them."""

    samples: int
    adaptive: float = 0.0
    denoise: bool = True
    prefilter: Prefilter = "fast"
    filter: Filter = "balanced"

    @property
    def told(self) -> str:
        """In words."""
        cleaned = f"denoised ({self.prefilter}, {self.filter})" if self.denoise else "as they are"
        return f"{self.samples} samples{f' down to {self.adaptive:g} of noise' * (self.adaptive > 0)}, {cleaned}"

    def of(self, render: RenderSample) -> RenderSample:
        return render.model_copy(update={"engine": "cycles", **self.model_dump()})


class Measured(Record):
    """What a rung costs (CPU seconds of one picture; seconds of wall time on a GPU) and reaches (dB)."""

    rung: Rung
    seconds: float
    psnr: float
    border_psnr: float


class Calibration(Record):
    """Which rung was chosen for a target, and why. `scenes` are the indices it was measured on, `size` their pictures'
    (width, height) in pixels. Border pixels lie within 2 pixels of an instance's border."""

    format: Literal[1] = 1
    psnr: float
    border_psnr: float
    scenes: tuple[int, ...]
    size: tuple[int, int]
    device: str
    chosen: Rung
    measured: tuple[Measured, ...]


def _ladder(counts: Iterable[int], guides: Iterable[tuple[Prefilter, Filter]]) -> list[Rung]:
    return [Rung(samples=n, prefilter=p, filter=f) for n in counts for p, f in guides]


# Groups, from cheap to dear; a group is measured only when no rung of those before it reaches the target.
LADDER: tuple[tuple[Rung, ...], ...] = (
    (*_ladder((1, 2, 4), (("fast", "balanced"), ("accurate", "high"))), Rung(samples=4, denoise=False)),
    (*_ladder((8, 16, 32), (("fast", "balanced"), ("accurate", "high"))), Rung(samples=32, denoise=False)),
    (
        *_ladder((64, 128), (("accurate", "high"),)),
        *(Rung(samples=1024, adaptive=a, prefilter="accurate", filter="high") for a in (0.1, 0.03)),
        Rung(samples=256, denoise=False),
    ),
)


def reference(target: float) -> Rung:
    """What to compare with: noise some 9 dB below the target."""
    threshold = 0.1 if target <= 31 else 0.03 if target <= 36 else 0.01
    return Rung(samples=1024, adaptive=threshold, prefilter="accurate", filter="high")


@dataclass
class _Study:
    """One scene: its reference and where borders are."""

    sample: SceneSample
    rgb: NDArray[np.float64]
    border: NDArray[np.bool_]

    def errors(self, rgb: NDArray[np.uint8]) -> tuple[float, float, int]:
        """Sums of squares: mean over the picture, sum over border values, number of border values."""
        square = (rgb - self.rgb) ** 2
        return float(square.mean()), float(square[self.border].sum()), int(3 * self.border.sum())


@dataclass
class Trials:
    """Measures rungs on scenes with one painter. `clock` gives seconds; `tell` hears what is done next."""

    painter: Painter
    samples: Sequence[SceneSample]
    clock: Callable[[], float] = time.process_time
    tell: Callable[[str], None] = lambda _: None
    studies: list[_Study] = field(default_factory=list)

    def prepare(self, rung: Rung) -> None:
        """Paint the references."""
        for one in self.samples:
            self.tell(f"reference of scene {one.scene_index}")
            other = one.model_copy(update={"render": rung.of(one.render), "index": one.index + FAR})
            painted = self.painter.paint(other)
            ids = np.zeros(painted.rgb.shape[:2], np.uint16) if painted.index is None else painted.index
            near = ndimage.binary_dilation(edges(ids), np.ones((3, 3), bool))
            self.studies.append(_Study(one, painted.rgb.astype(float), near))

    def measure(self, rung: Rung) -> Measured:
        spent, found = 0.0, []
        for study in self.studies:
            self.tell(f"{rung.samples} samples")
            one = study.sample.model_copy(update={"render": rung.of(study.sample.render)})
            start = self.clock()
            rgb = self.painter.paint(one).rgb
            spent += self.clock() - start
            found.append(study.errors(rgb))
        whole, border, count = (float(np.sum(column)) for column in zip(*found, strict=True))
        return Measured(
            rung=rung, seconds=spent / len(found), psnr=decibels(whole / len(found)),
            border_psnr=decibels(border / count if count else 0.0),
        )  # fmt: skip


def decibels(mean_square: float) -> float:
    """PSNR of 8-bit pictures."""
    return float(10 * np.log10(255**2 / max(mean_square, LEAST)))


def small(sample: SceneSample) -> SceneSample:
    """The scene at no more than `PIXELS` pixels, the same view: texture is finer, so errors are no smaller."""
    scale = min(1.0, (PIXELS / (sample.width * sample.height)) ** 0.5)
    width, height = max(1, round(sample.width * scale)), max(1, round(sample.height * scale))
    shot = sample.camera.model_copy(update={"focal_pixels": sample.camera.focal_pixels * width / sample.width})
    return sample.model_copy(update={"width": width, "height": height, "camera": shot})


def calibrate(
    trials: Trials, psnr: float, border_psnr: float = 0.0, device: str = "cpu",
    ladder: Sequence[Sequence[Rung]] = LADDER,
) -> Calibration:  # fmt: skip
    """The rung that costs least among those that reach `psnr` over the pictures and `border_psnr` at the borders of
    instances. Raises RenderError when none does. Costs are measured, so another run may choose otherwise where two
    rungs cost the same: keep the answer, and paint all of a data set with it."""
    trials.prepare(reference(max(psnr, border_psnr)))
    measured: list[Measured] = []
    trials.painter.paint(trials.studies[0].sample.model_copy(update={"render": RenderSample(samples=1)}))  # warm
    for group in ladder:
        measured += [trials.measure(rung) for rung in group]
        if fit := [one for one in measured if one.psnr >= psnr and one.border_psnr >= border_psnr]:
            first = trials.studies[0].sample
            return Calibration(
                psnr=psnr, border_psnr=border_psnr, scenes=tuple(s.sample.index for s in trials.studies),
                size=(first.width, first.height), device=device, measured=tuple(measured),
                chosen=min(fit, key=lambda one: one.seconds).rung,
            )  # fmt: skip
    best = max(measured, key=lambda one: (one.border_psnr >= border_psnr, one.psnr))
    raise RenderError(
        f"render.quality: no setting reaches {psnr:g} dB ({border_psnr:g} dB at borders); the best, "
        f"{best.rung.samples} samples, reaches {best.psnr:.1f} dB ({best.border_psnr:.1f} dB at borders); ask "
        "for less, or set samples"
    )
