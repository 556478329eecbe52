"""Values that are made from a law's quantiles instead of from chance."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from generator.distributions.base import Distribution, Law, Scalar


def _between(raw: Any) -> Any:
    return {"uniform": raw} if isinstance(raw, list) else raw


Evenly = Annotated[Scalar, BeforeValidator(_between)]
"""A scalar law; [low, high] is short for {uniform: [low, high]}."""


def law(value: Distribution) -> Law | None:
    """The value as a law whose quantiles are known, or None."""
    return value if isinstance(value, Law) and value.closed() else None


def needed(value: Distribution, what: str) -> Law:
    """The same; raises ValueError where there is none."""
    found = law(value)
    if found is None:
        raise ValueError(f"{what} needs [low, high] or a law with constant parameters, such as {{normal: [0, 1]}}")
    return found
