"""Plain data of values, multiplied, moved and widened."""

from typing import Any

from generator.fitting.text import KEPT


def is_number(raw: Any) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def is_numbers(raw: Any) -> bool:
    return isinstance(raw, list) and all(map(is_number, raw))


def times(raw: Any, factor: float) -> Any:
    """A scalar, multiplied by a positive number: in its own words where it is a number, else as a product that keeps
    the author's."""
    return float(raw * factor) if is_number(raw) else {"product": [float(factor), KEPT]}


def spread(raw: Any, shift: float, deviation: float) -> Any:
    """A scalar plus a normal law (``shift``, ``deviation``, cut at 2.5 deviations)."""
    more = bell(shift, deviation)
    if is_number(raw):
        return bell(shift + raw, deviation)
    return {"sum": [KEPT, more]}


def bell(mean: float, deviation: float, least: float = 1e-3) -> Any:
    """A normal law cut at 2.5 deviations; a number where it has no width."""
    if deviation < least:
        return float(mean)
    reach = 2.5 * deviation
    return {"normal": [rounded(mean), float(deviation)], "clip": [rounded(mean - reach), rounded(mean + reach)]}


def rounded(value: float) -> float:
    """To a thousandth: what is finer means nothing here."""
    return round(float(value), 3)


def holds_ref(raw: Any) -> bool:
    """Whether a value is shared with others through ``{ref: NAME}``."""
    if isinstance(raw, dict):
        return "ref" in raw or any(map(holds_ref, raw.values()))
    return isinstance(raw, list) and any(map(holds_ref, raw))
