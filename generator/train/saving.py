"""What synthetic pictures save, and whether more of them would help: curves over a grid of results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.train.comparing import PowerLaw, power_law
from generator.train.grid import Cell, Estimate, Grid

LEARNED = 0.05  # average precision below which nothing was learned, and curves say nothing about pictures
POINT = 0.01  # average precision that is worth the rendering
Precisions = Mapping[Cell, float]


@dataclass(frozen=True)
class Saved:
    """`pictures` labelled photographs with synthetic ones beside them do as well as `equal` without. `bound` says what
    lies outside of the curve without: ">" (more than its last point, `most`), "<" (fewer than its first), or "". `gain`
    is the difference at the same number of photographs, where both were trained."""

    arm: str
    pictures: int
    equal: Estimate
    bound: str
    most: int
    gain: Estimate | None


@dataclass(frozen=True)
class Growth:
    """How the error, 1 - AP, falls with the number of synthetic pictures.

    sizes, errors   what was measured
    law             the fit to it
    floor_share     the part of the error at the largest number that more of the same pictures cannot take away
    doubling        average precision that twice as many pictures would add, by the fit
    """

    arm: str
    sizes: tuple[int, ...]
    errors: tuple[Estimate, ...]
    law: PowerLaw
    floor_share: Estimate
    doubling: Estimate

    @property
    def verdict(self) -> str:
        """The conclusion in words, with how sure it is."""
        said = (
            f"Twice as many pictures as {self.sizes[-1]:,} would add {self.doubling.value:.3f} AP "
            f"[{self.doubling.low:.3f}, {self.doubling.high:.3f}] by the fit; {self.floor_share.value:.0%} "
            f"[{self.floor_share.low:.0%}, {self.floor_share.high:.0%}] of the remaining error is a floor that "
            "more of the same pictures do not lower."
        )
        if min(one.value for one in self.errors) > 1 - LEARNED:
            return (
                f"The detectors learned next to nothing (AP below {LEARNED}), so nothing follows: train for more steps."
            )
        if np.isnan(self.doubling.low):
            return f"The test set is one scene, so how sure this is cannot be said. {said}"
        if self.doubling.high < POINT:
            return f"Change the generator, not the number of pictures. {said}"
        if self.doubling.low > POINT:
            return f"Render more. {said}"
        return f"Not settled: more pictures may or may not help; add seeds, sizes or test scenes. {said}"


def label_curve(grid: Grid, arm: str) -> list[Cell]:
    """An arm's cells with all synthetic pictures, from the fewest real labels to the most."""
    return sorted((cell for cell in grid.cells if cell.arm == arm and cell.synthetic == 1), key=lambda cell: cell.real)


def savings(grid: Grid, arm: str, than: str = "real") -> list[Saved]:
    """Of each point of an arm's curve. Empty where either arm has fewer than two points or learned next to nothing."""
    curve, base = label_curve(grid, arm), label_curve(grid, than)
    if arm == than or len(base) < 2 or len(curve) < 2:
        return []
    if max(grid.ap(cell).value for cell in base) < LEARNED:
        return []
    sizes = [grid.size(cell, "real") for cell in base]
    return [_saved(grid, cell, base, sizes) for cell in curve]


def _saved(grid: Grid, cell: Cell, base: Sequence[Cell], sizes: Sequence[int]) -> Saved:
    equal = grid.of_all(lambda ap: equal_size(ap[cell], sizes, [ap[one] for one in base]))
    bound = ">" if equal.value >= sizes[-1] else "<" if equal.value <= sizes[0] else ""
    twin = Cell(base[0].arm, cell.real)
    gain = grid.gain(cell, twin) if twin in grid.cells else None
    return Saved(cell.arm, grid.size(cell, "real"), equal, bound, sizes[-1], gain)


def equal_size(ap: float, sizes: Sequence[int], curve: Sequence[float]) -> float:
    """Where a curve over `sizes`, made to rise and straight between them over the logarithm, reaches `ap`; at most the
    last size, at least the first."""
    rising = np.maximum.accumulate(np.asarray(curve, float))
    if np.isnan(ap) or np.isnan(rising).any():
        return float("nan")
    above = int(np.searchsorted(rising, ap, side="left"))
    if above == 0 or above == len(rising):
        return float(sizes[0] if above == 0 else sizes[-1])
    part = (ap - rising[above - 1]) / (rising[above] - rising[above - 1])
    low, high = np.log(sizes[above - 1]), np.log(sizes[above])
    return float(np.exp(low + part * (high - low)))


def growth(grid: Grid, arm: str) -> Growth | None:
    """None with fewer than three numbers of synthetic pictures."""
    cells = sorted((cell for cell in grid.cells if cell.arm == arm and cell.real == 1), key=lambda cell: cell.synthetic)
    sizes = [grid.size(cell, "synthetic") for cell in cells]
    if len(set(sizes)) < 3 or sizes[0] == 0:
        return None

    def fitted(ap: Precisions) -> PowerLaw | None:
        errors = [1 - ap[cell] for cell in cells]
        return None if np.isnan(errors).any() else power_law(sizes, errors)

    def floor(ap: Precisions) -> float:
        law = fitted(ap)
        return law.floor_share(sizes[-1]) if law else float("nan")

    def doubling(ap: Precisions) -> float:
        law = fitted(ap)
        return law(sizes[-1]) - law(2 * sizes[-1]) if law else float("nan")

    errors = tuple(_error(grid.ap(cell)) for cell in cells)
    law = power_law(sizes, [one.value for one in errors])
    return Growth(arm, tuple(sizes), errors, law, grid.of_all(floor), grid.of_all(doubling))


def _error(ap: Estimate) -> Estimate:
    return Estimate(1 - ap.value, 1 - ap.high, 1 - ap.low)
