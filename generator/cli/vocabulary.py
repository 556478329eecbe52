"""Every word of scenes and configs, explained by the docstring of what it stands for."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from generator.assets.shapes import SHAPES, parameters
from generator.base.errors import GeneratorError, did_you_mean
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
from generator.spec.known import IMAGE_FACTS, KNOWN_LABEL_FACTS, OBJECT_FACTS

OF_SCENES = (scene, objects, materials, surroundings, optics, edges)
OF_CONFIGS = (config, balancing, quotas, training, harmonizing)
WRAPPED = 88  # characters: a docstring's line that is longer goes on in the next
NAMES = {"scenespec": "scene", "objectgroup": "objects", "lightgroup": "lights", "runconfig": "config"}
ELSEWHERE = {"shared": "ref"}  # a key that is resolved before there is a model


@dataclass(frozen=True)
class Word:
    """A word, what kind of word it is, what it means, and examples, parameters or keys."""

    name: str
    kind: str
    text: str
    more: str


def lookup(name: str) -> Sequence[Word]:
    """All words of that name; where there is none, the sections in which it is a key. Raises GeneratorError."""
    own = ELSEWHERE.get(name, name)
    found = [word for word in vocabulary() if word.name == own] or list(dict.fromkeys(_as_key(name)))
    if not found:
        known = {word.name for word in vocabulary()} | {key for _, cls in _sections() for key in _keys(cls)}
        raise GeneratorError(f"nothing is called {name!r}{did_you_mean(name, known, '`generator explain` lists all')}")
    return found


@cache
def vocabulary() -> tuple[Word, ...]:
    """Distributions, shapes, sections and facts, by name. A name may be of several kinds: a ball is a shape, too."""
    words = [*_distributions(), *_shapes(), *_facts(), *(_section(where, cls) for where, cls in _sections())]
    return tuple(sorted(words, key=lambda word: (word.name, word.kind)))


def _distributions() -> Iterator[Word]:
    for name, entry in REGISTRY.items():
        cls = next(iter(entry.values()))
        examples = "\n".join(yaml.safe_dump(e, default_flow_style=True).strip() for e in cls.EXAMPLES)
        yield Word(name, f"distribution: {', '.join(entry)}", _said(cls), f"for example\n{examples}")


def _shapes() -> Iterator[Word]:
    for name, shape in SHAPES.items():
        text = ", ".join(f"{key} (default {value:g})" for key, value in parameters(name).items())
        yield Word(name, "shape", _said(shape), f"parameters: {text}")


def _facts() -> Iterator[Word]:
    every = KNOWN_LABEL_FACTS | IMAGE_FACTS
    for name, text in every.items():
        example = f"for example\nedge_cases: {{some_name: {{{name}: {{below: 0.3}}}}}}"
        yield Word(name, "fact for edge cases", text, example)
    for name, text in OBJECT_FACTS.items():
        if name not in every:
            example = f"for example\nedge_cases: {{some_name: {{some: {{{name}: {{below: 0.3}}}}}}}}"
            yield Word(name, "fact of one object", text, example)


@cache
def _sections() -> tuple[tuple[str, type[BaseModel]], ...]:
    """The models of scenes and configs, and of which of both they are."""
    modules = [("scene", module) for module in OF_SCENES] + [("config", module) for module in OF_CONFIGS]
    return tuple((where, cls) for where, module in modules for cls in _models(module))


def _models(module: ModuleType) -> Iterator[type[BaseModel]]:
    for _, cls in inspect.getmembers(module, inspect.isclass):
        if cls.__module__ == module.__name__ and issubclass(cls, BaseModel):
            yield cls


def _name(cls: type[BaseModel]) -> str:
    own = cls.__name__.lower()
    return NAMES.get(own, own.removesuffix("spec"))


def _keys(cls: type[BaseModel]) -> list[str]:
    return [field.alias or key for key, field in cls.model_fields.items()]


def _section(where: str, cls: type[BaseModel]) -> Word:
    kind = f"the {where} itself" if _name(cls) == where else f"section of a {where}"
    return Word(_name(cls), kind, _said(cls), f"keys: {', '.join(_keys(cls))}")


def _as_key(name: str) -> Iterator[Word]:
    """What the key holds, if that is a section; else the section it belongs to, which explains it."""
    explained = {cls for _, cls in _sections()}
    for where, cls in _sections():
        for key, field in cls.model_fields.items():
            if name == (field.alias or key):
                inside = [one for one in _inside(field.annotation) if one in explained]
                yield from (replace(_section(where, one), name=name) for one in inside)
                if not inside:
                    yield replace(_section(where, cls), name=name, kind=f"key of {_name(cls)}")


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
