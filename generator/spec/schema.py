"""JSON Schema of scenes and configs, for editors that complete and check YAML while it is written.

Looser than the loader: it knows every key and every distribution, and leaves ranges and cross-references to `check`.
"""

import inspect
from typing import Any

from generator.distributions.base import KINDS, Kind, named
from generator.spec.config import RunConfig
from generator.spec.scene import SceneSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONSTANT: dict[Kind, dict[str, Any]] = {
    "scalar": {"type": ["number", "boolean"]},
    "choice": {"type": "string"},
    "color": {"type": ["array", "string"]},
    "position": {"type": "array", "minItems": 3, "maxItems": 3},
    "rotation": {"enum": ["none", "uniform"]},
}


def scene_schema() -> dict[str, Any]:
    """The schema of a scene file, draft 2020-12."""
    schema = SceneSpec.model_json_schema(by_alias=True)
    schema["$defs"]["CameraSpec"].pop("required")  # `preset` supplies the position, too
    schema["properties"]["shared"] = {"type": "object", "description": "Values drawn once per scene: {ref: NAME}."}
    return finished(schema, "scene")


def config_schema() -> dict[str, Any]:
    """The schema of a run config."""
    return finished(RunConfig.model_json_schema(by_alias=True), "config")


def finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    """With its dialect, and with the kinds of values written once, below ``$defs``."""
    schema = shortened(schema)
    schema["$defs"] = schema.get("$defs", {}) | {kind: value(kind) for kind in KINDS}
    return {"$schema": DIALECT, **schema, "title": f"generator {title}"}


def value(kind: Kind) -> dict[str, Any]:
    """A constant of this kind, or any of its distributions by name."""
    return {"anyOf": [CONSTANT[kind], *(distribution(name, kind) for name in sorted(named(kind)))]}


def distribution(name: str, kind: Kind) -> dict[str, Any]:
    """A mapping with the distribution's name and its other keys."""
    cls = named(kind)[name]
    keys: dict[str, Any] = {field.alias or key: {} for key, field in cls.model_fields.items()}
    return {
        "type": "object", "required": [name], "properties": keys, "additionalProperties": False,
        "description": inspect.getdoc(cls) or "", "examples": cls.EXAMPLES,
    }  # fmt: skip


def shortened(node: Any) -> Any:
    """Every mention of a kind of value as a reference to it."""
    if isinstance(node, list):
        return [shortened(child) for child in node]
    if not isinstance(node, dict):
        return node
    if node.get("value_kind"):
        kept = {k: v for k, v in node.items() if k not in ("anyOf", "value_kind")}
        return {**kept, "$ref": f"#/$defs/{node['value_kind']}"}
    return {key: shortened(child) for key, child in node.items()}
