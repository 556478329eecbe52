"""Views of one scene stay together: candidates that are scenes instead of frames."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from generator.balance.candidates import Bools, Candidates, Ints, one_chunk
from generator.balance.groups import compact

SCENE = "scene"  # the fact that names a frame's scene, where a scene has several frames


def scenes_of(table: pa.Table) -> Ints:
    """Per record its scene: ``facts["scene"]`` where there is one, else its own index. int64 (n,), numbered from 0.

    A named scene and the index of a frame without one are never taken for the same."""
    index = table["index"].to_numpy()
    facts = one_chunk(table["facts"])
    named = np.asarray(facts.keys) == SCENE if len(facts.keys) else np.zeros(0, bool)
    if not named.any():
        return compact(index.astype(np.int64))[0]
    owner = np.repeat(np.arange(len(facts)), np.diff(facts.offsets.to_numpy()))
    scene = index.astype(np.int64) * 2
    scene[owner[named]] = np.asarray(facts.items)[named].astype(np.int64) * 2 + 1
    return compact(scene)[0]


def together(frames: Candidates, scene: Sequence[int] | Ints) -> Candidates:
    """Candidates that are the scenes of `frames`, in the order of their numbers 0, 1, ...; `frames` itself where every
    scene has one frame."""
    of = np.asarray(scene, np.int64)
    sizes = np.bincount(of)
    if len(sizes) == len(frames) and (of == np.arange(len(of))).all():
        return frames
    first = np.unique(of, return_index=True)[1]
    return replace(
        frames,
        bits=_sums(of, frames.bits),
        counts=_sums(of, frames.counts),
        rank=frames.rank[first],
        sizes=sizes.astype(np.int64),
        blank=_sums(of, frames.empty[:, None])[:, 0],
        shown=_sums(of, frames.images),
        extra={name: _sums(of, amounts[:, None])[:, 0] for name, amounts in frames.extra.items()},
    )


def spread(kept: Bools, scene: Ints) -> Bools:
    """Of frames, what was decided of their scenes."""
    return np.asarray(kept[scene])


def _sums(of: Ints, values: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Ints:
    columns = [np.bincount(of, column) for column in values.T]
    return np.column_stack(columns).astype(np.int64) if columns else np.zeros((int(of.max()) + 1, 0), np.int64)
