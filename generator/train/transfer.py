"""Weights from one detector into another, whose classes may be others; and what of it stayed fresh, exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

Weights = Mapping[str, Tensor]
HEADS = frozenset(
    f"{layer}.{kind}"
    for layer in (
        "roi_heads.box_predictor.cls_score",
        "roi_heads.box_predictor.bbox_pred",
        "roi_heads.mask_predictor.mask_fcn_logits",
        "head.classification_head.cls_logits",
    )
    for kind in ("weight", "bias")
)


@dataclass(frozen=True)
class Transfer:
    """What was taken over.

    kept     names of tensors taken over whole
    rows     head tensors of which only the rows of some classes were taken over: those classes
    fresh    names of tensors that kept their fresh values wholly
    unused   names of stored tensors that this model has no place for
    """

    kept: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """Plain data; of what was kept the number alone."""
        rows = {name: list(classes) for name, classes in sorted(self.rows.items())}
        return {"kept": len(self.kept), "rows": rows, "fresh": list(self.fresh), "unused": list(self.unused)}

    def __str__(self) -> str:
        classes = sorted({name for kept in self.rows.values() for name in kept})
        partly = f", {len(self.rows)} by rows ({', '.join(classes) or 'background alone'})" if self.rows else ""
        return f"{len(self.kept)} tensors taken over{partly}, {len(self.fresh)} fresh, {len(self.unused)} unused"


def fill(model: nn.Module, stored: Weights, old: Sequence[str] | None, new: Sequence[str]) -> Transfer:
    """Load what fits by name and shape.

    Rows of the heads follow the classes' names: a class known before (`old`, None where that is not known) keeps its
    weights under `new`, wherever it stands, and so does the background.
    """
    own = model.state_dict()
    moved = dict(stored)
    rows: dict[str, tuple[str, ...]] = {}
    if old is not None and tuple(old) != tuple(new):
        moved, rows = _by_class(stored, own, old, new)
    fits = {name: value for name, value in moved.items() if name in own and own[name].shape == value.shape}
    model.load_state_dict(fits, strict=False)
    return Transfer(
        kept=tuple(sorted(fits.keys() - rows.keys())),
        rows=rows,
        fresh=tuple(sorted(own.keys() - fits.keys())),
        unused=tuple(sorted(stored.keys() - fits.keys())),
    )


def _by_class(
    stored: Weights, fresh: Weights, old: Sequence[str], new: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, tuple[str, ...]]]:
    """Head tensors have one row (boxes: four) per class, background first: move the rows of classes both know."""
    shared = tuple(name for name in new if name in old)
    pairs = [(0, 0)] + [(list(old).index(name) + 1, list(new).index(name) + 1) for name in shared]
    moved = dict(stored)
    rows: dict[str, tuple[str, ...]] = {}
    for name in sorted(HEADS & stored.keys() & fresh.keys()):
        one = stored[name].unflatten(0, (len(old) + 1, -1)) if len(stored[name]) % (len(old) + 1) == 0 else None
        if one is None or one.shape[2:] != fresh[name].shape[1:]:
            del moved[name]  # by chance its shape might fit, but its rows would mean other classes
            continue
        value = fresh[name].clone().unflatten(0, (len(new) + 1, -1))
        for source, target in pairs:
            value[target] = one[source]
        moved[name] = value.flatten(0, 1)
        if len(shared) < len(new):
            rows[name] = shared
    return moved, rows
