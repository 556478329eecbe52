"""Every word of scenes and configs, explained by the docstring of what it stands for."""

import difflib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from generator.assets.shapes import SHAPES, parameters
from generator.base.errors import GeneratorError
from generator.distributions.base import REGISTRY
from generator.spec import (
    balancing,
    config,
    edges,
    harmonizing,
    materials,
    objects,
    optics,
    quotas,
    scene,
    surroundings,
    training,
)
from generator.spec.edges import IMAGE_FACTS, KNOWN_LABEL_FACTS, OBJECT_FACTS

OF_SCENES = (scene, objects, materials, surroundings, optics, edges)
OF_CONFIGS = (config, balancing, quotas, training, harmonizing)
WRAPPED = 88  # characters: a docstring's line that is longer goes on in the next
NAMES = {"scenespec": "scene", "objectgroup": "objects", "lightgroup": "lights", "runconfig": "config"}


@dataclass(frozen=True)
class Word:
    """A word, what kind of word it is, what it means, and examples, parameters or keys."""

    name: str
    kind: str
    text: str
    more: str


def lookup(name: str) -> Sequence[Word]:
    """The word itself; where there is none, the sections in which it is a key. Raises GeneratorError."""
    own = (name, f"{name} shape") if name != "shared" else ("ref",)
    found = [word for word in vocabulary() if word.name in own] or list(_as_key(name))
    if not found:
        known = {word.name for word in vocabulary()} | {key for _, cls in _sections() for key in _keys(cls)}
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
        cure = f" (did you mean {close[0]!r}?)" if close else "; `generator explain` lists all words"
        raise GeneratorError(f"nothing is called {name!r}{cure}")
    return found


@cache
def vocabulary() -> tuple[Word, ...]:
    """Distributions, shapes, sections and facts, by name."""
    words = [*_distributions(), *_shapes(), *_facts()]
    taken = {word.name for word in words}
    words += [_section(where, cls) for where, cls in _sections() if _name(cls) not in taken]
    return tuple(sorted(words, key=lambda word: word.name))


def _distributions() -> Iterator[Word]:
    for name, entry in REGISTRY.items():
        cls = next(iter(entry.values()))
        examples = "\n".join(yaml.safe_dump(e, default_flow_style=True).strip() for e in cls.EXAMPLES)
        yield Word(name, f"distribution: {', '.join(entry)}", _said(cls), f"for example\n{examples}")


def _shapes() -> Iterator[Word]:
    for name, shape in SHAPES.items():
        text = ", ".join(f"{key} (default {value:g})" for key, value in parameters(name).items())
        own = f"{name} shape" if name in REGISTRY else name
        yield Word(own, "shape", _said(shape), f"parameters: {text}")


def _facts() -> Iterator[Word]:
    every = KNOWN_LABEL_FACTS | IMAGE_FACTS
    for name, text in every.items():
        example = f"for example\nedge_cases: {{some_name: {{{name}: {{below: 0.3}}}}}}"
        yield Word(name, "fact for edge cases", text, example)
    for name, text in OBJECT_FACTS.items():
        if name not in every:
            example = f"for example\nedge_cases: {{some_name: {{some: {{{name}: {{below: 0.3}}}}}}}}"
            yield Word(name, "fact of one object", text, example)


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """The models of scenes and configs, and of which of both they are."""
    for where, modules in (("scene", OF_SCENES), ("config", OF_CONFIGS)):
        for module in modules:
            yield from ((where, cls) for cls in _models(module))


def _models(module: ModuleType) -> Iterator[type[BaseModel]]:
    for _, cls in inspect.getmembers(module, inspect.isclass):
        if cls.__module__ == module.__name__ and issubclass(cls, BaseModel):
            yield cls


def _name(cls: type[BaseModel]) -> str:
    own = cls.__name__.lower()
    return NAMES.get(own, own.removesuffix("spec"))


def _keys(cls: type[BaseModel]) -> list[str]:
    return [field.alias or key for key, field in cls.model_fields.items()]


def _section(where: str, cls: type[BaseModel], name: str = "") -> Word:
    kind = f"the {where} itself" if _name(cls) == where else f"section of a {where}"
    return Word(name or _name(cls), kind, _said(cls), f"keys: {', '.join(_keys(cls))}")


def _as_key(name: str) -> Iterator[Word]:
    """What the key holds, if that is a section; else the section it belongs to, which explains it."""
    for where, cls in _sections():
        for key, field in cls.model_fields.items():
            if name == (field.alias or key):
                inside = list(_inside(field.annotation))
                yield from (_section(where, one, name) for one in inside)
                if not inside:
                    text = _said(cls)
                    yield Word(name, f"key of {_name(cls)}", text, f"keys: {', '.join(_keys(cls))}")


def _said(what: object) -> str:
    """A docstring, with lines that were broken for want of room made whole again: the terminal breaks them anew."""
    lines, before = list[str](), ""
    for line in (inspect.getdoc(what) or "").splitlines():
        broken = len(before) > WRAPPED and line and "   " not in before + line
        lines = [*lines[:-1], f"{lines[-1]} {line}"] if broken else [*lines, line]
        before = line
    return "\n".join(lines)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _inside(part)
