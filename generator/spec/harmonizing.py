"""Rules that make the labels of two data sets mean the same; `mix.harmonize` applies them."""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, model_validator

from generator.base.strict import Strict

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class SplitBySemantic(Strict):
    """Every instance of `classes` with a pixel that the semantic map calls `semantic` gives those pixels to a new
    instance of class `into` (default: the same name) and keeps the others; with none left it is gone."""

    classes: Names
    semantic: str
    into: str = ""

    @property
    def target(self) -> str:
        return self.into or self.semantic


class Merge(Strict):
    """Every instance of class `part` becomes one with the instance of class `into` that it shares the longest border
    with; one that touches none stays as it is."""

    part: str
    into: str


class Rule(Strict):
    """One of: `split_by_semantic`, `merge`, `rename` (old name: new name; an old name may be a pattern such as
    ``car_*``), `drop` (neither object nor ignored: its pixels are background), `to_ignore` (neither object nor
    background)."""

    split_by_semantic: SplitBySemantic | None = None
    merge: Merge | None = None
    rename: dict[str, str] | None = None
    drop: Names | None = None
    to_ignore: Names | None = None

    @model_validator(mode="after")
    def _one(self) -> "Rule":
        # by value: what has been written and read back names all five, four of them with none
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(f"give each rule exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Names (of `rename`: patterns) of the classes that it changes."""
        split = self.split_by_semantic.classes if self.split_by_semantic else ()
        merge = (self.merge.part, self.merge.into) if self.merge else ()
        return (*split, *merge, *(self.rename or ()), *(self.drop or ()), *(self.to_ignore or ()))

    @property
    def makes(self) -> tuple[str, ...]:
        """Names of classes that there may be after it and not before."""
        split = (self.split_by_semantic.target,) if self.split_by_semantic else ()
        return (*split, *(self.rename or {}).values())


class Rules(Strict):
    """Rules in the order in which they are applied. `semantics` names the values of the semantic maps."""

    rules: tuple[Rule, ...] = ()
    semantics: dict[int, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _list_alone(cls, value: object) -> object:
        return {"rules": value} if isinstance(value, list | tuple) else value

    def reads(self, name: str) -> bool:
        """Whether any rule changes instances of this class."""
        return any(fnmatchcase(name, pattern) for rule in self.rules for pattern in rule.reads)

    @property
    def makes(self) -> frozenset[str]:
        return frozenset(name for rule in self.rules for name in rule.makes)


class Harmonize(Strict):
    """Rules for the labels of the `real` photographs, for training and evaluation alike, and of the `synthetic` frames:
    a list, or ``{rules: [...], semantics: {25: rider, ...}}``."""

    real: Rules = Rules()
    synthetic: Rules = Rules()
