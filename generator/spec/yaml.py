"""Strict YAML: plain data with the place of everything in it, and PyYAML's traps closed.

``on``, ``yes`` and ``no`` are words, ``1e3`` is a number, a duplicate key and a tag are errors. Where empty values
(nothing, ``null``, ``~``) stand is noted, for a loader to refuse; JSON files, which programs write, may hold nulls.
"""

import math
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from generator.base.errors import InputError, Problem, did_you_mean
from generator.base.strict import Fault, Loc

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
FLOAT = re.compile(r"[-+]?((\d[\d_]*\.[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.inf)$", re.IGNORECASE)
MERGE = "tag:yaml.org,2002:merge"
TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}
REFUSED = {MERGE: "merge keys (<<) are not allowed; write the keys out, or give an alias (*name) for all of the value"}
DEEPEST = 1000  # brackets in brackets; Python itself goes no deeper
DEEP = "an alias holds itself, or lists and mappings stand too deep in each other"
WORDS = {"true": True, "false": False, "null": None, "~": None}


@dataclass
class Document:
    """Plain data of one file, where (line, column from 1) each path of it stands, and which of them are `empty`."""

    file: str
    data: Any = None
    places: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    empty: list[Loc] = field(default_factory=list)

    def place(self, loc: Loc) -> tuple[int, int]:
        """Line and column of a path, or of the nearest ancestor that stands in the file."""
        known: list[str | int] = []
        for step in loc:
            if (*known, step) in self.places:
                known.append(step)
        return self.places.get(tuple(known), (1, 1))

    def problem(self, fault: Fault) -> Problem:
        """A fault at its place in this file. Steps that only pydantic knows of are left out of the path."""
        loc, text = fault
        line, column = self.place(loc)
        return Problem(self.file, line, column, shown([s for s in loc if s != "[key]"]), text)


def shown(loc: list[str | int]) -> str:
    """``objects.mugs.count[0]`` of a path."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read(path: Path) -> Document:
    """Parse one file. Raises InputError with every duplicate key, tag and syntax error in it."""
    document = Document(str(path))
    text = written(path)
    loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
    try:
        refuse_deep(str(path), text, loader)
        node = yaml.compose(text, Loader=loader)
        if node is None:
            raise InputError([Problem(str(path), 1, 1, "", "the file is empty")])
        document.data = plain(node, (), document)
    except yaml.YAMLError as error:
        raise InputError([syntax(str(path), text, error)]) from None
    except RecursionError:
        raise InputError([Problem(str(path), 0, 0, "", DEEP)]) from None
    if document.problems:
        raise InputError(document.problems)
    return document


def refuse_deep(file: str, text: str, loader: Any) -> None:
    """Raise InputError for what libyaml, which composes by recursion, would end the whole program at: some ten thousand
    levels. Files with fewer characters have no such depth, and are not looked through."""
    if len(text) < 10 * DEEPEST:
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark: Any = event.start_mark
            raise InputError([Problem(file, mark.line + 1, mark.column + 1, "", DEEP)])


def written(path: Path) -> str:
    """The text of a file. Raises InputError when there is none."""
    try:
        raw = path.read_bytes()
        return raw.decode()
    except FileNotFoundError:
        nearby = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise InputError([Problem(str(path), 0, 0, "", f"no such file{did_you_mean(path.name, nearby)}")]) from None
    except IsADirectoryError:
        files = did_you_mean("", [p.name for p in path.glob("*.y*ml")])
        raise InputError([Problem(str(path), 0, 0, "", f"is a folder; name a file in it{files}")]) from None
    except UnicodeDecodeError as error:
        line, column = after(raw[: error.start].decode())
        wrong = f"is not UTF-8 text (byte 0x{raw[error.start]:02x}); save the file as UTF-8"
        raise InputError([Problem(str(path), line, column, "", wrong)]) from None
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, "", f"cannot be read: {error}")]) from None


def after(text: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows this text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def syntax(file: str, text: str, error: yaml.YAMLError) -> Problem:
    """PyYAML's complaint as a Problem, in words of its own where PyYAML's do not say what to change."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # PyYAML does not tell the line of a character that no YAML may hold
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        place = after(text[: found.start()]) if found else (0, 0)
        what = f"the control character U+{ord(found[0]):04X}; remove it" if found else str(error)
        return Problem(file, *place, "", f"not valid YAML: {what}")
    what = getattr(error, "problem", None) or str(error)
    if what.startswith("but "):
        what = f"{getattr(error, 'context', '')}, {what}"
    if "".join(text.splitlines()[mark.line : mark.line + 1])[mark.column :].startswith("\t"):
        what = "a tab; indent with spaces"
    return Problem(file, mark.line + 1, mark.column + 1, "", f"not valid YAML: {what}")


def plain(node: yaml.Node, loc: Loc, document: Document) -> Any:
    """Data of a node; notes its place and its problems in `document`."""
    mark = node.start_mark
    document.places.setdefault(loc, (mark.line + 1, mark.column + 1))
    if node.tag not in TAGS:
        wrong = REFUSED.get(node.tag, f"tags are not allowed: {node.tag}")
        where = shown([step for step in loc if step != "[key]"])
        document.problems.append(Problem(document.file, mark.line + 1, mark.column + 1, where, wrong))
    if isinstance(node, yaml.MappingNode):
        return mapping(node, loc, document)
    if isinstance(node, yaml.SequenceNode):
        return [plain(child, (*loc, i), document) for i, child in enumerate(node.value)]
    value = scalar(node)
    if value is None and "[key]" not in loc and not document.file.endswith(".json"):
        document.empty.append(loc)
    return value


def mapping(node: yaml.MappingNode, loc: Loc, document: Document) -> dict[Hashable, Any]:
    """A mapping; a key that stands twice is a problem. The place of an entry is that of its key."""
    result: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = plain(key_node, (*loc, "[key]"), document)
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        step = key if isinstance(key, (str, int)) else str(key)
        if not isinstance(key, Hashable) or key in result:
            wrong = "this key stands here twice" if isinstance(key, Hashable) else "a key must be a text"
            document.problems.append(Problem(document.file, line, column, shown([*loc, step]), wrong))
            continue
        document.places[(*loc, step)] = (line, column)
        result[key] = plain(value_node, (*loc, step), document)
    return result


def scalar(node: Any) -> Any:
    """YAML 1.2's core schema: quoted is text; true, false, null and numbers are what they look like."""
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in WORDS or text == "":
        return WORDS.get(text)
    if INTEGER.match(text):
        number = float(text.replace("_", ""))  # what no double holds is infinite, and refused as such
        return int(text.replace("_", "")) if math.isfinite(number) else number
    if FLOAT.match(text):
        return float(text.lower().replace("_", "").replace(".inf", "inf"))
    return text
