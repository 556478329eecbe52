"""Where values stand in the text of a YAML file: spans, anchors, aliases."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from generator.base.strict import Loc

ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


@dataclass
class Span:
    """A value and the characters it takes, anchor included. `alias` is the anchor it stands for; `flow` is true of
    scalars and of what stands in brackets; `column` is that of a block mapping's keys."""

    start: int
    end: int
    flow: bool = True
    anchor: str = ""
    alias: str = ""
    column: int = 0
    mapping: bool = False
    children: dict[str | int, "Span"] = field(default_factory=dict)

    def walk(self, loc: Loc = ()) -> Iterator[tuple[Loc, "Span"]]:
        """All values below and this one, in the order of the text."""
        yield loc, self
        for step, child in self.children.items():
            yield from child.walk((*loc, step))


def spans(text: str) -> Span:
    """The tree of a file that `spec.yaml.read` accepts."""
    events: Iterator[Any] = iter(yaml.parse(text, yaml.SafeLoader))
    next(events), next(events)  # the stream and the document begin
    return _span(next(events), events, text)


def _span(event: Any, events: Iterator[Any], text: str) -> Span:
    start, end, anchor = event.start_mark.index, event.end_mark.index, getattr(event, "anchor", None) or ""
    match event:
        case yaml.AliasEvent():
            return Span(start, end, alias=anchor)
        case yaml.ScalarEvent():
            return Span(start, len(text[:end].rstrip()), event.style not in ("|", ">"), anchor)
    found = Span(start, start, bool(event.flow_style), anchor, mapping=isinstance(event, yaml.MappingStartEvent))
    while type(last := next(events)) not in ENDS:
        _take(found, last, events, text)
    found.end = last.end_mark.index if found.flow else found.end
    return found


def _take(parent: Span, event: Any, events: Iterator[Any], text: str) -> None:
    """One entry of a mapping or sequence; a block ends where its last entry does."""
    if not parent.mapping:
        child = parent.children[len(parent.children)] = _span(event, events, text)
    else:
        parent.column = parent.column if parent.children else event.start_mark.column
        whole = event.style is None and event.value.isdigit()
        child = parent.children[int(event.value) if whole else event.value] = _span(next(events), events, text)
    parent.end = max(parent.end, child.end)
