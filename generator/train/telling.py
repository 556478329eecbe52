"""Can a classifier tell two sets apart? A classifier two-sample test (Lopez-Paz & Oquab, ICLR 2017) by logistic
regression, judged on scenes that it has not seen, by the area under the ROC curve: 0.5 cannot, 1 always."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from generator.base.draw import Draw

Floats = NDArray[np.float64]
FOLDS, KEPT, PENALTY = 5, 48, 1.0


def area(positive: Floats, negative: Floats) -> float:
    """The probability that a positive scores above a negative, ties counting half (Mann & Whitney)."""
    ranks = rankdata(np.concatenate([positive, negative]))
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def told(a: Floats, b: Floats, scenes: tuple[Sequence[str], Sequence[str]], draw: Draw) -> tuple[Floats, Floats]:
    """How much every row of a (n, d) and of b (m, d) looks like b to a classifier that was trained on other scenes: log
    odds, (n,) and (m,). The scenes of either side are dealt to five folds."""
    folds = [_folds(some, draw / side) for side, some in zip("ab", scenes, strict=True)]
    scores = np.zeros(len(a)), np.zeros(len(b))
    for k in range(FOLDS):
        train = np.concatenate([a[folds[0] != k], b[folds[1] != k]])
        labels = np.repeat([0.0, 1.0], [(folds[0] != k).sum(), (folds[1] != k).sum()])
        held = [one[of == k] for one, of in zip((a, b), folds, strict=True)]
        project = _projection(train)
        weights = _fitted(project(train), labels)
        for side, rows in enumerate(held):
            if len(rows):
                scores[side][folds[side] == k] = project(rows) @ weights[1:] + weights[0]
    return scores


def areas(scores: tuple[Floats, Floats], scenes: tuple[Sequence[str], Sequence[str]], draw: Draw, times: int) -> Floats:
    """(times,) areas when the scenes of both sides are drawn with replacement."""
    sides = [_drawn(one, some, draw / side, times) for one, some, side in zip(scores, scenes, "ab", strict=True)]
    return np.array([area(b, a) for a, b in zip(*sides, strict=True)])


def _drawn(scores: Floats, scenes: Sequence[str], draw: Draw, times: int) -> list[Floats]:
    names, place = np.unique(scenes, return_inverse=True)
    members, rng = [np.flatnonzero(place == k) for k in range(len(names))], draw.rng()
    return [
        scores[np.concatenate([members[k] for k in rng.integers(len(names), size=len(names))])] for _ in range(times)
    ]


def _folds(scenes: Sequence[str], draw: Draw) -> NDArray[np.int64]:
    """The fold of each row: whole scenes, in a drawn order, dealt in turn."""
    order = sorted(set(scenes), key=lambda name: ((draw / name).uniform(), name))
    fold = {name: k % FOLDS for k, name in enumerate(order)}
    return np.array([fold[name] for name in scenes])


class _projection:
    """Rows, standardized, onto the strongest directions of the rows that it was made from, each of variance 1."""

    def __init__(self, rows: Floats) -> None:
        self.mean, self.scale = rows.mean(0), rows.std(0) + 1e-9
        _, values, directions = np.linalg.svd(self._standard(rows), full_matrices=False)
        kept = values > 1e-6 * values[0] if values[0] else values > 0
        kept[min(KEPT, len(rows) // 4) :] = False
        self.directions = directions[kept] * (np.sqrt(len(rows)) / values[kept])[:, None]

    def _standard(self, rows: Floats) -> Floats:
        return np.asarray(np.clip((rows - self.mean) / self.scale, -10, 10), float)

    def __call__(self, rows: Floats) -> Floats:
        return self._standard(rows) @ self.directions.T


def _fitted(rows: Floats, labels: Floats) -> Floats:
    """(1 + d,) intercept and weights of least log loss, with a square penalty on these. Both labels weigh alike."""
    each = np.where(labels > 0, 0.5 / max(labels.sum(), 1), 0.5 / max((1 - labels).sum(), 1)) * len(labels)

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = rows @ weights[1:] + weights[0]
        off = each * (expit(odds) - labels)
        value = (each * (np.logaddexp(0, odds) - labels * odds)).sum() + PENALTY * (weights[1:] ** 2).sum() / 2
        return float(value), np.concatenate([[off.sum()], rows.T @ off + PENALTY * weights[1:]])

    result: Floats = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return result
