"""Choosing assets: a glob, a weighted choice of globs, or procedural shapes with random parameters."""

import inspect
import math
from functools import cache
from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from generator.assets.catalog import Catalog, Kind
from generator.assets.shapes import SHAPES, matching, parameters
from generator.assets.shapes.words import meant
from generator.base.draw import Draw
from generator.base.errors import AssetError, did_you_mean
from generator.base.scene import MeshRef
from generator.base.strict import Strict, faults, nested
from generator.distributions.base import Distribution, Value


class Files(Strict):
    """Files of the catalog: globs over asset ids with weights. A glob's weight is shared by all that match it."""

    pick: dict[str, float]

    def sample(self, draw: Draw, catalog: Catalog, kinds: tuple[Kind, ...]) -> str:
        """The id of one asset. Raises AssetError when a glob matches nothing."""
        pattern = weighted(self.pick, draw.uniform())
        matches = catalog.glob(pattern, kinds)
        if not matches:
            raise AssetError(f"no {' or '.join(kinds)} in the catalog matches {pattern!r} (looked in {catalog.where})")
        return matches[int((draw / "file").uniform() * len(matches))]

    def every(self, catalog: Catalog, kinds: tuple[Kind, ...]) -> list[str]:
        """The ids of all assets that may be chosen, sorted."""
        return sorted({name for pattern, w in self.pick.items() if w > 0 for name in catalog.glob(pattern, kinds)})

    def problems(self, catalog: Catalog, kinds: tuple[Kind, ...]) -> list[str]:
        """Globs that match nothing, in words."""
        return [
            f"no {' or '.join(kinds)} matches {pattern!r}{did_you_mean(pattern, catalog.glob('*', kinds))}"
            for pattern in self.pick
            if not catalog.glob(pattern, kinds)
        ]


class Shapes(Strict):
    """Procedural shapes by name or glob (``mug*``), equally likely or by `weights`. A glob's share is split evenly
    among all that match it. Every other key is a parameter that all these shapes must know."""

    shape: tuple[str, ...]
    weights: tuple[float, ...] = ()
    params: dict[str, Distribution]

    def sample(self, draw: Draw) -> MeshRef:
        """One shape with its parameters drawn. Whole parameters are rounded by the shape itself."""
        u = draw.uniform()
        pattern = weighted(self.pick, u) if self.weights else self.shape[int(u * len(self.shape))]
        names = matched(pattern)
        return self.ref(names[0] if len(names) == 1 else names[int((draw / "shape").uniform() * len(names))], draw)

    def ref(self, name: str, draw: Draw) -> MeshRef:
        """The shape of that name with its parameters drawn."""
        params = {key: float(value.sample(draw / "params" / key)) for key, value in self.params.items()}
        return MeshRef(asset=f"shape/{name}", params=params)

    def every(self) -> list[str]:
        """The names of all shapes that may be chosen, sorted."""
        patterns = [p for p, w in self.pick.items() if w > 0]
        return sorted({name for pattern in patterns for name in matched(pattern)})

    @property
    def pick(self) -> dict[str, float]:
        """Names and globs with their weights."""
        return dict(zip(self.shape, self.weights or (1.0,) * len(self.shape), strict=True))


@cache
def matched(pattern: str) -> tuple[str, ...]:
    """The shapes that a name or glob stands for, sorted; none for one that is unknown."""
    return (pattern,) if pattern in SHAPES else tuple(matching(pattern))


def weighted(weights: dict[str, float], u: float) -> str:
    """The key at `u` in [0, 1) of the weights laid end to end, in order of the keys: YAML's order means nothing."""
    keys = sorted(weights)
    ends = np.cumsum([weights[key] for key in keys])
    return keys[int(np.searchsorted(ends, u * ends[-1], side="right"))]


def dump(choice: Files | Shapes) -> dict[str, Any]:
    """Plain data that reads back as the same choice."""
    if isinstance(choice, Files):
        return {"pick": dict(choice.pick)}
    names = {"pick": choice.pick} if choice.weights else list(choice.shape)
    return {"shape": names, **{key: Value.dump(value) for key, value in choice.params.items()}}


class _AssetType:
    """The type of an asset choice: ``{pick: mugs/*}``, ``{pick: {mugs/*: 3, cups/*: 1}}``, ``{shape: box}``."""

    def __init__(self, shapes: bool, files: tuple[Kind, ...] = ()) -> None:
        self.shapes, self.files = shapes, files

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(dump)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described: list[JsonSchemaValue] = [{"type": "string"}] if self.files else []
        for key in ["pick"] * bool(self.files) + ["shape"] * self.shapes:
            names = {key: {"type": ["string", "array", "object"]}}
            described.append({"type": "object", "required": [key], "properties": names})
        return {"anyOf": described, "description": inspect.getdoc(Files if self.files else Shapes)}

    def parse(self, raw: Any) -> Files | Shapes:
        if isinstance(raw, (Files, Shapes)):
            return raw
        if isinstance(raw, str) and self.files:
            return Files(pick={raw: 1.0})
        if isinstance(raw, dict) and "pick" in raw and self.files:
            return _files(raw)
        if isinstance(raw, dict) and "shape" in raw and self.shapes:
            return _shapes(raw)
        wanted = " or ".join(["{pick: GLOB}"] * bool(self.files) + ["{shape: NAME}"] * self.shapes)
        raise nested([((), f"must be {wanted}, not {raw!r}")])


def _files(raw: dict[str, Any]) -> Files:
    pick = raw["pick"]
    if isinstance(pick, list) and not all(isinstance(glob, str) for glob in pick):
        raise nested(
            [(("pick",), "must be a glob, a list of globs or {GLOB: WEIGHT}; give shapes a group of their own")]
        )
    weights = {pick: 1.0} if isinstance(pick, str) else dict.fromkeys(pick, 1.0) if isinstance(pick, list) else pick
    try:
        files = Files.model_validate({**raw, "pick": weights})
    except ValidationError as error:
        raise nested(faults(error)) from None
    if not files.pick or min(files.pick.values()) < 0 or sum(files.pick.values()) <= 0:
        raise nested([(("pick",), "needs at least one glob, with weights >= 0 that are not all 0")])
    return files


def _shapes(raw: dict[str, Any]) -> Shapes:
    names, weights = _picked(raw["shape"])
    found: list[Any] = [
        (("shape",), f"{'unknown shape' if n.isidentifier() else 'no shape matches'} {n!r}{meant(n.strip('*?'))}")
        for n in names
        if not matched(n)
    ]  # fmt: skip
    known = set() if found else set.intersection(*(set(parameters(n)) for p in names for n in matched(p)))
    params = {}
    for key, value in raw.items():
        if key == "shape" or found:
            continue
        if key not in known:
            found.append(((key,), f"no parameter of {', '.join(names)}{did_you_mean(str(key), known)}"))
            continue
        try:
            params[key] = Value("scalar").parse(value)
        except PydanticCustomError as error:
            found += [((key, *loc), text) for loc, text in (error.context or {})["faults"]]
    if found:
        raise nested(found)
    return Shapes(shape=tuple(names), weights=tuple(weights), params=params)


def _picked(raw: Any) -> tuple[list[str], list[float]]:
    """Names and globs, with weights where some are given."""
    if isinstance(raw, dict) and set(raw) == {"pick"}:
        raw = raw["pick"]
    names = [raw] if isinstance(raw, str) else list(raw) if isinstance(raw, (list, tuple, dict)) else []
    if not names or not all(isinstance(n, str) for n in names):
        raise nested(
            [(("shape",), f"must be a name, a glob, a list of them or {{pick: {{NAME: WEIGHT}}}}, not {raw!r}")]
        )
    weights = list(raw.values()) if isinstance(raw, dict) else []
    sound = all(isinstance(w, (int, float)) and math.isfinite(w) and w >= 0 for w in weights)
    if weights and not (sound and any(weights)):
        raise nested([(("shape",), "weights must be numbers >= 0 that are not all 0")])
    return names, [float(w) for w in weights]


AssetChoice = Annotated[Any, _AssetType(shapes=True, files=("mesh",))]
ShapeChoice = Annotated[Any, _AssetType(shapes=True)]
Meshes = Annotated[Any, _AssetType(shapes=False, files=("mesh",))]
Images = Annotated[Any, _AssetType(shapes=False, files=("image",))]
Environment = Annotated[Any, _AssetType(shapes=False, files=("hdri",))]
