"""Strict YAML: plain data with the place of everything in it, and PyYAML's traps closed.

``on``, ``yes`` and ``no`` are words, ``1e3`` is a number, a duplicate key and a tag are errors. Where empty values
(nothing, ``null``, ``~``) stand is noted, for a loader to refuse; JSON files, which programs write, may hold nulls.
"""

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
TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}
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
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    except FileNotFoundError:
        nearby = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise InputError([Problem(str(path), 0, 0, "", f"no such file{did_you_mean(path.name, nearby)}")]) from None
    except IsADirectoryError:
        files = did_you_mean("", [p.name for p in path.glob("*.y*ml")])
        raise InputError([Problem(str(path), 0, 0, "", f"is a folder; name a file in it{files}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(str(path), 0, 0, "", f"cannot be read: {error}")]) from None
    except yaml.YAMLError as error:
        raise InputError([syntax(str(path), error)]) from None
    if node is None:
        raise InputError([Problem(str(path), 1, 1, "", "the file is empty")])
    document.data = plain(node, (), document)
    if document.problems:
        raise InputError(document.problems)
    return document


def syntax(file: str, error: yaml.YAMLError) -> Problem:
    """PyYAML's complaint as a Problem."""
    mark = getattr(error, "problem_mark", None)
    text = f"not valid YAML: {getattr(error, 'problem', None) or error}"
    return Problem(file, mark.line + 1, mark.column + 1, "", text) if mark else Problem(file, 0, 0, "", text)


def plain(node: yaml.Node, loc: Loc, document: Document) -> Any:
    """Data of a node; notes its place and its problems in `document`."""
    mark = node.start_mark
    document.places.setdefault(loc, (mark.line + 1, mark.column + 1))
    if node.tag not in TAGS:
        document.problems.append(
            Problem(
                document.file, mark.line + 1, mark.column + 1, shown(list(loc)), f"tags are not allowed: {node.tag}"
            )
        )
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
            document.problems.append(
                Problem(document.file, line, column, shown([*loc, step]), "this key stands here twice")
            )
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
        return int(text.replace("_", ""))
    if FLOAT.match(text):
        return float(text.lower().replace("_", "").replace(".inf", "inf"))
    return text
