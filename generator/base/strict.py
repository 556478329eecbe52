"""`Strict`: pydantic models that report every unknown key, with a suggestion, together with all other errors."""

from collections.abc import Callable, Iterator
from itertools import groupby
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from generator.base.errors import did_you_mean

Loc = tuple[str | int, ...]
Fault = tuple[Loc, str]


class Strict(BaseModel):
    """Frozen, compared by value. An unknown key is an error that says which key may have been meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, value: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        known = {field.alias or name for name, field in cls.model_fields.items()}
        unknown = [key for key in value if key not in known]
        found: list[Fault] = [((key,), f"unknown key{did_you_mean(str(key), known)}") for key in unknown]
        try:
            result = handler({key: v for key, v in value.items() if key not in unknown})
        except ValidationError as error:
            found += faults(error, cls)
        if found:
            raise nested(found)
        return result


def nested(found: list[Fault]) -> PydanticCustomError:
    """One pydantic error that carries several: what validators that call validators raise, so that no place is lost."""
    return PydanticCustomError("nested", "{count} problems", {"count": len(found), "faults": found})


def faults(error: ValidationError, model: type[BaseModel] | None = None) -> list[Fault]:
    """Every problem of a ValidationError with its full path, nested ones included. What is wrong with a key of `model`
    that takes several kinds of values is told once, of the kind that was given."""

    def place(line: Any) -> Loc:
        return line["loc"][: _kinds_at(line["loc"], model)]

    found: list[Fault] = []
    for _, lines in groupby(error.errors(include_url=False), key=place):
        found += _of_kinds(list(lines), model)
    return found


def _of_kinds(lines: list[Any], model: type[BaseModel] | None) -> Iterator[Fault]:
    """`lines` are about one place. Where it takes several kinds, pydantic names in each the kind it speaks of."""
    at = _kinds_at(lines[0]["loc"], model)
    fitting = [line for line in lines if at is None or line["type"] not in KINDS or len(line["loc"]) > at + 1]
    for line in fitting:
        loc = line["loc"]
        yield from _told(loc if at is None else (*loc[:at], *loc[at + 1 :]), line)
    if not fitting:
        kinds = list(dict.fromkeys(KINDS[line["type"]].format(**line.get("ctx", {})) for line in lines))
        yield lines[0]["loc"][:at], f"must be {', '.join(kinds[:-1])} or {kinds[-1]}{_given(lines[0])}"


def _told(loc: Loc, line: Any) -> list[Fault]:
    inner = line.get("ctx", {}).get("faults")
    return [((*loc, *deeper), text) for deeper, text in inner] if inner else [(loc, words(line))]


def _kinds_at(loc: Loc, model: type[BaseModel] | None) -> int | None:
    """Where `loc` names one of several kinds, as in ``("rate", "literal['auto']")``; None if it does not."""
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()} if model else {}
    annotation = fields.get(str(loc[0])) if loc else None
    for at in range(1, len(loc)):
        annotation = _bare(annotation)
        parts = [part for part in get_args(annotation) if part is not Ellipsis]
        if get_origin(annotation) in (Union, UnionType):
            return at
        if get_origin(annotation) not in (dict, list, tuple):
            return None
        annotation = parts[-1]
    return None


def _bare(annotation: Any) -> Any:
    """Without what is Annotated, and without None beside one other kind."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    origin = get_origin(annotation)
    single = origin is Annotated or (origin in (Union, UnionType) and len(parts) == 1)
    return _bare(parts[0]) if single else annotation


def words(line: Any) -> str:
    """pydantic's message as a sentence for somebody who writes YAML, with what was found."""
    kind, context = line["type"], line.get("ctx", {})
    if kind in PLAIN:
        return PLAIN[kind].format(**context)
    if kind in KINDS:
        return f"must be {KINDS[kind].format(**context)}{_given(line)}"
    text = line["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    text = text.replace("input should be", "must be").replace("string should match", "must match")
    return f"{text}{_given(line)}" if kind not in ("value_error", "custom") else text


def _given(line: Any) -> str:
    """What was found, where it is short."""
    given = line.get("input")
    return f", not {given!r}" if isinstance(given, (str, int, float, bool, type(None))) else ""


PLAIN = {
    "missing": "is missing",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}, not {actual_length}",
}
KINDS = {  # errors that say of what kind a value is not
    "literal_error": "{expected}",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
}
