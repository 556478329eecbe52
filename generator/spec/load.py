"""From files to checked models: all problems of a file at once, each with its place."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from generator.assets.catalog import Catalog
from generator.base.errors import InputError, Problem, did_you_mean
from generator.base.strict import Fault, Strict, faults
from generator.distributions.base import Value
from generator.spec.check import balance_faults, pool_faults, scene_faults
from generator.spec.config import RunConfig
from generator.spec.naming import naming_faults
from generator.spec.scene import SceneSpec
from generator.spec.yaml import Document, read

M = TypeVar("M", bound=Strict)


def load_scene(path: Path, catalog: Catalog | None = None) -> SceneSpec:
    """Read a scene spec; with a catalog, its globs are checked too. Raises InputError."""
    document = read(path)
    expand_refs(document)
    spec = validated(document, SceneSpec)
    report(document, scene_faults(spec, catalog))
    return spec


def load_config(path: Path) -> RunConfig:
    """Read a run config and check its names against its scene's. Raises InputError."""
    document = read(path)
    config = validated(document, RunConfig)
    scene = near(path, config.scene)
    if not scene.is_file():
        known = [p.as_posix() for p in sorted(scene.parent.glob("*.yaml"))] if scene.parent.is_dir() else []
        report(document, [(("scene",), f"no such file {config.scene!r}{did_you_mean(str(scene), known)}")])
    spec = load_scene(scene)
    found = balance_faults(config.balance, spec) + pool_faults(config.frames.model_dump(), spec)
    report(document, found + naming_faults(config, spec))
    return config


def with_engine(spec: SceneSpec, engine: str | None) -> SceneSpec:
    """The scene, painted by this engine where one is named."""
    if engine is None:
        return spec
    return spec.model_copy(update={"render": spec.render.model_copy(update={"engine": Value("choice").parse(engine)})})


def near(config: Path, name: str) -> Path:
    """A path named in a config: from the current folder, or else from the folder above the config's own."""
    here = Path(name).expanduser()
    there = config.resolve().parent.parent / here
    return here if here.is_absolute() or here.exists() or not there.exists() else there


def report(document: Document, found: list[Fault]) -> None:
    """Raise InputError when there is anything to report."""
    if found:
        raise InputError(map(document.problem, found))


def is_config(path: Path) -> bool:
    """Whether a file is a run config (has `run:`) rather than a scene. Raises InputError when it cannot be parsed."""
    data = read(path).data
    return isinstance(data, dict) and "run" in data


def validated(document: Document, model: type[M]) -> M:
    """The model of a document's data. Raises InputError with every fault at its line and column, and for every value
    that is empty: None stands for what is left out, and would pass for it."""
    if not isinstance(document.data, dict):
        raise InputError([Problem(document.file, 1, 1, "", "must be a mapping of keys to values")])
    empty: list[Fault] = [(loc, "is empty: give it a value or remove it") for loc in document.empty]
    places = {document.place(loc) for loc in document.empty}
    try:
        result = model.model_validate(document.data)
    except ValidationError as error:
        found = [(loc, text) for loc, text in faults(error) if document.place(loc) not in places]
        raise InputError(map(document.problem, [*empty, *found])) from None
    report(document, empty)
    return result


def expand_refs(document: Document) -> None:
    """Give every ``{ref: name}`` the value that stands under `shared:`, so that each kind can check it.

    Raises InputError for names that are not there and for shared values that refer to each other.
    """
    shared = document.data.pop("shared", {}) if isinstance(document.data, dict) else {}
    if not isinstance(shared, dict):
        raise InputError([document.problem((("shared",), "must be a mapping from names to values"))])
    found: list[Problem] = []

    def walk(value: Any, loc: tuple[str | int, ...]) -> Any:
        if isinstance(value, list):
            return [walk(v, (*loc, i)) for i, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if set(value) == {"ref"}:
            name = value["ref"] if isinstance(value["ref"], str) else ""
            if name in shared and loc[:1] != ("shared",):
                return {"ref": name, "of": shared[name]}
            known = ", ".join(sorted(map(str, shared))) or "nothing"
            found.append(document.problem(((*loc, "ref"), f"no shared value {value['ref']!r} (under shared: {known})")))
        return {k: walk(v, (*loc, k)) for k, v in value.items()}

    walk(shared, ("shared",))
    document.data = walk(document.data, ())
    if found:
        raise InputError(found)
