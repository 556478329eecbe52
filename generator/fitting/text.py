"""Changing values of a YAML file in its text: everything else, comments and order included, stays as it was."""

import copy
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.base.errors import GeneratorError
from generator.base.strict import Loc
from generator.fitting.spans import Span, spans
from generator.spec.yaml import FLOAT, INTEGER, WORDS, read, shown

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./*-]*$")
DIGITS = 4


class Kept:
    """Stands in a new value for the old one, whose text is then kept (``{product: [1.2, KEPT]}``)."""


KEPT = Kept()
Changes = Mapping[Loc, Any]


class Unchangeable(GeneratorError):
    """A value at `loc` whose text cannot be replaced without changing others."""

    def __init__(self, loc: Loc, why: str) -> None:
        super().__init__(f"{shown(list(loc))} {why}")
        self.loc = loc


def flow(value: Any) -> str:
    """Plain data on one line; numbers to four digits."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if value is KEPT:
        return "\0"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return (".inf" if value > 0 else "-.inf") if math.isinf(value) else _number(value)
    text = str(value)
    quoted = not PLAIN.match(text) or text in WORDS or INTEGER.match(text) or FLOAT.match(text)
    return json.dumps(text) if quoted else text


def _number(value: float) -> str:
    text = f"{value:.{DIGITS}g}"
    return text if "e" not in text else f"{float(text):f}".rstrip("0") if abs(value) > 1e-6 else "0"


def changed(path: Path, changes: Changes, note: str) -> str:
    """The text of a file with these values replaced or added, and ``# note`` on every line that changed.

    The result, read again, holds exactly the old data with the changes. Raises Unchangeable.
    """
    text = path.read_text(encoding="utf-8")
    tree, data = spans(text), read(path).data
    pieces: list[tuple[int, int, str]] = []
    for loc, value in _gathered(tree, data, changes).items():
        _check_shared(tree, loc)
        pieces += _pieces(tree, text, loc, value)
    return _commented(text, sorted(pieces), note)


def _gathered(tree: Span, data: Any, changes: Changes) -> dict[Loc, Any]:
    """Changes at places that can be written: what lies behind an alias is spelled out where the alias stands, what is
    missing is joined in the nearest mapping that is there."""
    found: dict[Loc, Any] = {}
    for loc, value in sorted(changes.items(), key=lambda pair: list(map(str, pair[0]))):
        node, depth = tree, 0
        while depth < len(loc) and not node.alias and loc[depth] in node.children:
            node, depth = node.children[loc[depth]], depth + 1
        if depth == len(loc):
            found[loc] = value
        elif node.alias:
            found.setdefault(loc[:depth], copy.deepcopy(at(data, loc[:depth])))
            put(found[loc[:depth]], loc[depth:], filled(value, at(data, loc)))
        else:
            head, rest = loc[: depth + 1], loc[depth + 1 :]
            if rest:
                put(found.setdefault(head, {}), rest, value)
            else:
                found[head] = value
    return found


def at(data: Any, loc: Loc) -> Any:
    """The value of a path, or None."""
    for step in loc:
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if not inside:
            return None
        data = data[step]
    return data


def put(data: Any, loc: Loc, value: Any) -> None:
    """Set the value of a path, making mappings on the way."""
    for step in loc[:-1]:
        data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
    data[loc[-1]] = value


def filled(value: Any, old: Any) -> Any:
    """A new value with the old one where KEPT stands."""
    if isinstance(value, dict):
        return {k: filled(v, old) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [filled(v, old) for v in value]
    return old if value is KEPT else value


def _check_shared(tree: Span, loc: Loc) -> None:
    """Unchangeable, if a value above this one has an anchor that others use: they would change as well."""
    used = {span.alias for _, span in tree.walk() if span.alias}
    node = tree
    for depth, step in enumerate(loc):
        if depth and node.anchor in used:
            raise Unchangeable(loc, f"is shared with others through &{node.anchor}")
        if step not in node.children:
            return
        node = node.children[step]


def _pieces(tree: Span, text: str, loc: Loc, value: Any) -> list[tuple[int, int, str]]:
    """Replacements (start, end, new text) for one change."""
    parent = tree
    for step in loc[:-1]:
        parent = parent.children[step]
    written, old = flow(value), parent.children.get(loc[-1])
    if old is None:
        return [_inserted(parent, text, f"{flow(loc[-1])}: {written}")]
    if "\0" in written:
        if not old.flow:
            raise Unchangeable(loc, "stands over several lines; write it in one")
        return [(old.start, old.end, written.replace("\0", text[old.start : old.end]))]
    lost = {span.anchor: span for _, span in old.walk() if span.anchor}
    inside = range(old.start, old.end)
    moved = []
    for anchor, span in lost.items():
        first = next((s for _, s in tree.walk() if s.alias == anchor and s.start not in inside), None)
        if first and not span.flow:
            raise Unchangeable(loc, f"holds &{anchor}, which others use")
        if first:  # the first of the other users now says what all of them mean
            moved.append((first.start, first.end, text[span.start : span.end]))
    return [(old.start, old.end, written), *moved]


def _inserted(parent: Span, text: str, entry: str) -> tuple[int, int, str]:
    """A new entry at the end of a mapping: in braces right behind the last value, before any comma or comment."""
    if parent.flow and parent.children:
        last = max(child.end for child in parent.children.values())
        return last, last, f", {entry}"
    if parent.flow:
        return parent.end - 1, parent.end - 1, entry
    stop = text.find("\n", parent.end)
    stop = len(text) if stop < 0 else stop
    return stop, stop, "\n" + " " * parent.column + entry


def _commented(text: str, pieces: list[tuple[int, int, str]], note: str) -> str:
    """Apply the pieces from the back, then note it on the lines that they end in."""
    ends: list[int] = []
    for start, end, new in reversed(pieces):
        text = text[:start] + new + text[end:]
        ends = [start + len(new), *(e + len(new) - (end - start) for e in ends)]
    for end in sorted({_line_end(text, e) for e in ends}, reverse=True):
        text = f"{text[:end].rstrip(' ')}  # {note}{text[end:]}"
    return text


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found
