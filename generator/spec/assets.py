"""Choosing assets: a glob, a weighted choice of globs, or procedural shapes with random parameters."""

from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from generator.assets.catalog import Catalog, Kind
from generator.assets.shapes import SHAPES, parameters
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
        patterns = sorted(self.pick)  # key order in YAML means nothing
        weights = np.cumsum([self.pick[p] for p in patterns])
        pattern = patterns[int(np.searchsorted(weights, draw.uniform() * weights[-1], side="right"))]
        matches = catalog.glob(pattern, kinds)
        if not matches:
            raise AssetError(f"no {' or '.join(kinds)} in the catalog matches {pattern!r} (looked in {catalog.where})")
        return matches[int((draw / "file").uniform() * len(matches))]

    def problems(self, catalog: Catalog, kinds: tuple[Kind, ...]) -> list[str]:
        """Globs that match nothing, in words."""
        return [
            f"no {' or '.join(kinds)} matches {pattern!r}{did_you_mean(pattern, catalog.glob('*', kinds))}"
            for pattern in self.pick
            if not catalog.glob(pattern, kinds)
        ]


class Shapes(Strict):
    """Procedural shapes by name; every other key is a parameter that all the named shapes must know."""

    shape: tuple[str, ...]
    params: dict[str, Distribution]

    def sample(self, draw: Draw) -> MeshRef:
        """One shape with its parameters drawn. Whole parameters are rounded by the shape itself."""
        name = self.shape[int(draw.uniform() * len(self.shape))]
        params = {key: float(value.sample(draw / "params" / key)) for key, value in self.params.items()}
        return MeshRef(asset=f"shape/{name}", params=params)


def dump(choice: Files | Shapes) -> dict[str, Any]:
    """Plain data that reads back as the same choice."""
    if isinstance(choice, Files):
        return {"pick": dict(choice.pick)}
    return {"shape": list(choice.shape), **{key: Value.dump(value) for key, value in choice.params.items()}}


class _AssetType:
    """The type of an asset choice: ``{pick: mugs/*}``, ``{pick: {mugs/*: 3, cups/*: 1}}``, ``{shape: box}``."""

    def __init__(self, shapes: bool) -> None:
        self.shapes = shapes

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(dump)
        )

    def parse(self, raw: Any) -> Files | Shapes:
        if isinstance(raw, (Files, Shapes)):
            return raw
        if isinstance(raw, str):
            return Files(pick={raw: 1.0})
        if isinstance(raw, dict) and "pick" in raw:
            return _files(raw)
        if isinstance(raw, dict) and "shape" in raw and self.shapes:
            return _shapes(raw)
        wanted = "{pick: GLOB} or {shape: NAME}" if self.shapes else "{pick: GLOB}"
        raise nested([((), f"must be {wanted}, not {raw!r}")])


def _files(raw: dict[str, Any]) -> Files:
    pick = raw["pick"]
    weights = {pick: 1.0} if isinstance(pick, str) else dict.fromkeys(pick, 1.0) if isinstance(pick, list) else pick
    try:
        files = Files.model_validate({**raw, "pick": weights})
    except ValidationError as error:
        raise nested(faults(error)) from None
    if not files.pick or min(files.pick.values()) < 0 or sum(files.pick.values()) <= 0:
        raise nested([(("pick",), "needs at least one glob, with weights >= 0 that are not all 0")])
    return files


def _shapes(raw: dict[str, Any]) -> Shapes:
    names = [raw["shape"]] if isinstance(raw["shape"], str) else raw["shape"]
    if isinstance(names, dict) and set(names) == {"pick"}:
        names = names["pick"]
    found: list[Any] = [
        (("shape",), f"unknown shape {n!r}{did_you_mean(str(n), SHAPES)}") for n in names if n not in SHAPES
    ]
    known = set.intersection(*(set(parameters(n)) for n in names)) if names and not found else set()
    params = {}
    for key, value in raw.items():
        if key == "shape" or found:
            continue
        if key not in known:
            found.append(((key,), f"no parameter of {', '.join(names)}{did_you_mean(key, known)}"))
            continue
        try:
            params[key] = Value("scalar").parse(value)
        except PydanticCustomError as error:
            found += [((key, *loc), text) for loc, text in (error.context or {})["faults"]]
    if found:
        raise nested(found)
    return Shapes(shape=tuple(names), params=params)


AssetChoice = Annotated[Any, _AssetType(shapes=True)]
Environment = Annotated[Any, _AssetType(shapes=False)]
