"""How good predicted depth is, by the measures of Eigen et al. (NeurIPS 2014), picture by picture. No torch."""

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import TrainError
from generator.base.record import Record

Depth = NDArray[np.float32]
NEAR = 1.25  # the base of the shares that are near enough


class DepthErrors(Record):
    """Of d predicted and t true, over the pixels whose depth is known, or the means of that over pictures.

    abs_rel  mean of |d - t| / t
    rmse     root of the mean of (d - t)², metres
    log10    mean of |log10 d - log10 t|
    delta1, delta2, delta3
             shares of the pixels with max(d / t, t / d) below 1.25, 1.25², 1.25³
    """

    abs_rel: float
    rmse: float
    log10: float
    delta1: float
    delta2: float
    delta3: float

    @classmethod
    def of(cls, found: Depth, truth: Depth) -> "DepthErrors":
        """Both (h, w), metres, `truth` 0 where unknown; somewhere it is known."""
        d, t = found[truth > 0].astype(np.float64), truth[truth > 0].astype(np.float64)
        ratio = np.maximum(d / t, t / d)
        return cls(
            abs_rel=float(np.mean(np.abs(d - t) / t)),
            rmse=float(np.sqrt(np.mean((d - t) ** 2))),
            log10=float(np.mean(np.abs(np.log10(d / t)))),
            delta1=float(np.mean(ratio < NEAR)),
            delta2=float(np.mean(ratio < NEAR**2)),
            delta3=float(np.mean(ratio < NEAR**3)),
        )

    @classmethod
    def mean(cls, each: Sequence["DepthErrors"]) -> "DepthErrors":
        """Every picture counts the same, however many of its pixels are known."""
        return cls(**{name: float(np.mean([getattr(one, name) for one in each])) for name in cls.model_fields})


class DepthEvaluation(Record):
    """One model on one source.

    keys     of the pictures that it was judged on; `unknown` more have no pixel whose depth is known
    metric   mean errors of the metres that it predicts; `pictures` has those of each
    scaled   the same after the medians of each picture were made equal, which forgives a wrong scale (Zhou et al.,
             CVPR 2017); `scaled_pictures` has those of each
    """

    source: str
    keys: tuple[str, ...]
    unknown: int = 0
    metric: DepthErrors
    scaled: DepthErrors
    pictures: tuple[DepthErrors, ...]
    scaled_pictures: tuple[DepthErrors, ...]

    @classmethod
    def of(cls, source: str, found: Iterable[tuple[str, Depth, Depth]]) -> "DepthEvaluation":
        """Of (key, predicted, true), one after the other. TrainError where no pixel of any picture is known."""
        keys, metric, scaled, unknown = [], [], [], 0
        for key, predicted, truth in found:
            if not truth.any():
                unknown += 1
                continue
            keys.append(key)
            metric.append(DepthErrors.of(predicted, truth))
            scaled.append(DepthErrors.of(rescaled(predicted, truth), truth))
        if not keys:
            raise TrainError(f"{source}: there are no pictures with known depth to evaluate on")
        return cls(
            source=source, keys=tuple(keys), unknown=unknown, metric=DepthErrors.mean(metric),
            scaled=DepthErrors.mean(scaled), pictures=tuple(metric), scaled_pictures=tuple(scaled),
        )  # fmt: skip


def rescaled(found: Depth, truth: Depth) -> Depth:
    """The prediction, times what makes its median over the known pixels the true one."""
    seen = truth > 0
    return cast(Depth, found * np.float32(np.median(truth[seen]) / np.median(found[seen])))
