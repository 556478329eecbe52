"""Quotas over products: how many objects of each class, size, occlusion and view a balanced set holds."""

from typing import Annotated

from pydantic import Field, model_validator

from generator.base.strict import Strict
from generator.spec.edges import Condition

Share = Annotated[float, Field(ge=0, le=1)]
NONE = "none"  # the bin of objects that are in no other of a factor
Bins = dict[str, dict[str, Condition]]


def _below(limit: float) -> Condition:
    return Condition(below=limit)


FACTORS: dict[str, Bins] = {
    # sizes as COCO cuts them, in visible pixels
    "size": {
        "small": {"pixels": _below(32.0**2)},
        "medium": {"pixels": _below(96.0**2)},
        "large": {"pixels": Condition(at_least=96.0**2)},
    },
    "occlusion": {
        "hidden": {"visible_fraction": _below(0.5)},
        "partly": {"visible_fraction": _below(0.9)},
        "clear": {"visible_fraction": Condition(at_least=0.9)},
    },
    "truncation": {"cut": {"truncated_fraction": Condition(above=0.05)}, "whole": {}},
    "view": {
        "below": {"view_elevation": _below(0.0)},
        "level": {"view_elevation": _below(30.0)},
        "oblique": {"view_elevation": _below(60.0)},
        "above": {"view_elevation": Condition(at_least=60.0)},
    },
}


class Quota(Strict):
    """Shares of the annotated objects by a product of factors: ``by: [class, size, occlusion]``.

    A factor is ``class``; one of size, occlusion, truncation, view; a name under `bins` (per bin conditions on an
    object's facts, the first bin that holds counts); an exclusive group of tags under ``balance: groups:``; or a tag.
    `least` and `most` bound the share of every cell that occurs; `cells` gives floors of single ones by their bins'
    names, such as ``mug/small/hidden: 0.05``.
    """

    by: Annotated[tuple[str, ...], Field(min_length=1)]
    least: Share = 0.0
    most: Share = 1.0
    cells: dict[str, Share] = {}
    bins: dict[str, Bins] = {}

    @model_validator(mode="after")
    def _sound(self) -> "Quota":
        if self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        for cell in self.cells:
            if cell.count("/") + 1 != len(self.by):
                raise ValueError(f"cell {cell!r} must name one bin for each of {', '.join(self.by)}, with / between")
        return self

    @property
    def factors(self) -> dict[str, Bins]:
        """Bins by factor, as far as they are made of objects' facts."""
        return {**FACTORS, **self.bins}
