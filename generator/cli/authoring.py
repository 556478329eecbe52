"""Verbs for those who write scenes: check, sample, preview, explain."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from generator.assets.catalog import Catalog
from generator.assets.store import readable
from generator.base.errors import GeneratorError, InputError, Problem
from generator.cli.console import console, progress
from generator.cli.project import Project, open_scene
from generator.spec.check import KINDS, globs
from generator.spec.scene import SceneSpec

Size = Annotated[tuple[int, int], typer.Option(help="Width and height in pixels.")]
Seed = Annotated[int, typer.Option(help="Seed of all randomness.")]
Assets = Annotated[list[Path] | None, typer.Option(help="A folder of assets; may be given several times.")]
SceneFile = Annotated[Path, typer.Argument(help="A scene spec, such as scenes/coins.yaml.")]
TRIALS = 4


class Schema(StrEnum):
    """What a JSON Schema can be asked for."""

    scene = "scene"
    config = "config"


def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenes, configs, cluster files.")] = None,
    assets: Assets = None,
    schema: Annotated[Schema | None, typer.Option(help="Print a JSON Schema for editors.")] = None,
) -> None:  # fmt: skip
    """Find every mistake in scenes and configs: unknown keys, impossible ranges, missing files, unreachable edge cases.

    Each is told with file, line and column. Also samples a few scenes, to see that they can be filled.
    """
    if schema is not None:
        print_schema(schema)
    elif not files:
        raise GeneratorError("name the scenes and configs to check, such as scenes/*.yaml")
    check_files(files or [], assets)


def print_schema(schema: Schema) -> None:
    """The schema as JSON on standard output."""
    import json

    from generator.spec.schema import config_schema, scene_schema

    print(json.dumps(scene_schema() if schema is Schema.scene else config_schema(), indent=2))


def check_files(files: list[Path], assets: list[Path] | None) -> None:
    """Raises InputError with every problem of all of them."""
    problems: list[Problem] = []
    for path in files:
        try:
            console.print(f"[green]ok[/]  {path}: {escape(file_line(path, assets or []))}")
        except InputError as error:
            problems += error.problems
        except GeneratorError as error:
            problems.append(Problem(str(path), 0, 0, "", str(error)))
    if problems:
        raise InputError(problems)


def file_line(path: Path, assets: list[Path]) -> str:
    """What a scene, config or cluster file says, after checking it."""
    from generator.spec.clusters import check_cluster, is_cluster
    from generator.spec.load import is_config
    from generator.spec.yaml import read

    if is_cluster(read(path).data):
        return check_cluster(path)
    return config_line(path) if is_config(path) else scene_line(path, assets)


def scene_line(path: Path, assets: list[Path]) -> str:
    """What a scene holds, after sampling it a few times."""
    spec, sampler = open_scene(path, (320, 240), assets)
    refuse_broken(path, spec, sampler.store.catalog)
    for index in range(TRIALS):
        sampler(0, index)
    edges = ", ".join(spec.edge_cases) or "none"
    return f"classes {', '.join(spec.classes)}; objects {', '.join(spec.objects)}; edge cases {edges}"


def refuse_broken(path: Path, spec: SceneSpec, catalog: Catalog) -> None:
    """Raise InputError with every file that the scene may pick and that cannot be read."""
    names = {
        name for loc, files in globs(spec, ()) for p in files.pick for name in catalog.glob(p, KINDS[str(loc[-1])])
    }
    found = []
    with progress() as report:
        for k, name in enumerate(sorted(names)):
            found.append(readable(catalog[name]))
            report("assets", k + 1, len(names), name)
    if any(found):
        raise InputError(Problem(str(path), 0, 0, "", text) for text in found if text)


def config_line(path: Path) -> str:
    """What a config asks for, after opening all it names."""
    project = Project.open(path)
    refuse_broken(path, project.spec, Catalog.open(*project.roots))
    config, real = project.config, project.config.real
    for source in (real.train, real.val, real.test) if real else ():
        project.real(source)
    arms = f"; trains {', '.join(config.train.arms)}" if config.train else ""
    frames, (width, height) = config.frames, config.size
    return f"{frames.train} + {frames.val} frames of {config.scene} at {width}x{height}{arms}"


def sample(
    scene: SceneFile, index: Annotated[int, typer.Option("-i", "--index", help="Which scene.")] = 0, seed: Seed = 0,
    size: Size = (640, 480), assets: Assets = None,
) -> None:  # fmt: skip
    """Print one scene as JSON: everything that was drawn. The same on every machine, to the last digit or two."""
    _, sampler = open_scene(scene, size, assets or [])
    print(sampler(seed, index).model_dump_json(indent=2))


def preview(
    scene: SceneFile,
    n: Annotated[int, typer.Option("-n", help="How many scenes.", min=1)] = 12,
    out: Annotated[Path, typer.Option("-o", "--out", help="The contact sheet to write.")] = Path("sheet.png"),
    paint: Annotated[bool, typer.Option("--paint", help="Paint with Blender, not rays.")] = False,
    first: Annotated[int, typer.Option(help="Index of the first scene.")] = 0,
    seed: Seed = 0, size: Size = (320, 240), assets: Assets = None,
) -> None:  # fmt: skip
    """Draw a contact sheet of random scenes with masks and boxes: in seconds with rays, or as they will be painted."""
    from generator.base.draw import Draw
    from generator.render.painter import make_painter
    from generator.render.picture import take
    from generator.report.sheet import draw, save, sheet
    from generator.sensor.camera import expose

    spec, sampler = open_scene(scene, size, assets or [])
    painter = make_painter("blender" if paint else "raycast", sampler.store, "auto")
    pictures, captions = [], []
    with progress() as report:
        for k in range(n):
            one = sampler(seed, first + k)
            frame = take(one, painter, sampler.store).frame
            assert frame.rgb is not None
            rgb = expose(frame.rgb, one.sensor, Draw(seed, first + k) / "sensor")
            pictures.append(draw(frame.with_rgb(rgb), spec.classes))
            captions.append(f"{first + k}")
            report("preview", k + 1, n, "")
    save(sheet(pictures, captions=captions), out)
    console.print(f"wrote {out}")


def explain(
    name: Annotated[str, typer.Argument(help="A distribution, shape, section, key or fact; all when left out.")] = "",
    page: Annotated[Path | None, typer.Option("--page", help="Write a page with a picture of every word.")] = None,
    paint: Annotated[bool, typer.Option("--paint", help="Paint its pictures with Blender, not rays.")] = False,
    size: Size = (200, 150),
) -> None:
    """Explain a word of scenes or configs, with examples: `generator explain log_uniform`, `generator explain caps`."""
    if page is not None:
        from generator.report.catalogue import write_catalogue

        with progress() as report:
            write_catalogue(page, paint, size, report)
        console.print(f"wrote {page}")
        return
    from generator.cli.vocabulary import lookup, vocabulary

    if name:
        for word in lookup(name):
            text = escape(word.text).replace(f"`{name}`", f"[bold]`{name}`[/]")
            console.print(f"[bold]{word.name}[/] [dim]({word.kind})[/]\n\n{text}\n", highlight=False)
            console.print(word.more, "\n", highlight=False, markup=False)
        return
    for word in vocabulary():
        first = escape(word.text.partition("\n")[0].partition(". ")[0])
        console.print(f"[bold]{word.name:<14}[/] [dim]{word.kind:<22}[/] {first}", highlight=False)


def register(app: typer.Typer) -> None:
    for verb in (check, sample, preview, explain):
        app.command()(verb)
