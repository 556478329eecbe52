"""`Strict`: pydantic models that report every unknown key, with a suggestion, together with all other errors."""

from collections.abc import Callable
from typing import Any

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
            found += faults(error)
        if found:
            raise nested(found)
        return result


def nested(found: list[Fault]) -> PydanticCustomError:
    """One pydantic error that carries several: what validators that call validators raise, so that no place is lost."""
    return PydanticCustomError("nested", "{count} problems", {"count": len(found), "faults": found})


def faults(error: ValidationError) -> list[Fault]:
    """Every problem of a ValidationError with its full path, nested ones included."""
    found: list[Fault] = []
    for line in error.errors(include_url=False):
        inner = line.get("ctx", {}).get("faults")
        found += [((*line["loc"], *loc), text) for loc, text in inner] if inner else [(line["loc"], words(line))]
    return found


def words(line: Any) -> str:
    """pydantic's message as a sentence for somebody who writes YAML, with what was found."""
    kind, context = line["type"], line.get("ctx", {})
    if kind in PLAIN:
        return PLAIN[kind].format(**context)
    text = line["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    text = text.replace("input should be", "must be").replace("string should match", "must match")
    given = line.get("input")
    shown = kind not in ("value_error", "custom") and isinstance(given, (str, int, float, bool, type(None)))
    return f"{text}, not {given!r}" if shown else text


PLAIN = {
    "missing": "is missing",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}, not {actual_length}",
}
