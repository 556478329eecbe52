"""One self-contained HTML page about a run: pictures, numbers, and where everything came from.

It loads nothing from anywhere and runs no script. The same run gives the same bytes. A number that is not there is
said to be missing.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image
from pydantic import ValidationError

from generator.assets.catalog import Catalog
from generator.base.errors import DatasetError
from generator.dataset.atomic import write_bytes
from generator.dataset.examples import Source
from generator.dataset.places import Place, Url
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.store import Dataset
from generator.report import charts, provenance, statistics
from generator.report.audits import audited
from generator.report.balancing import balanced
from generator.report.grid import COLORS, color
from generator.report.judged import judgements
from generator.report.results import MEASURES, NONE, Trained, read_json, read_trained, table, worths
from generator.report.sheet import frame_sheet
from generator.report.showing import Shown, caveats, firsts, origin, shown
from generator.report.trainings import trainings
from generator.spec.config import RunConfig

PAGE = "report.html"
FRAMES = 16
P = TypeVar("P", Path, Url)
LOSSLESS = 600_000  # pixels up to which a picture is embedded as it is


@dataclass(frozen=True)
class Run:
    """Everything a run has left on the disk, as far as it is there."""

    folder: Place
    config: RunConfig | None
    dataset: Dataset | None
    selection: Selection | None
    painting: dict[str, Any] | None
    trained: list[Trained]
    real_test: Source | None
    real_train: Source | None

    @staticmethod
    def open(folder: Place, real_test: Source | None, real_train: Source | None, data: Place | None = None) -> "Run":
        data = data or folder / "dataset"
        return Run(
            folder,
            _config(folder / "config.json"),
            Dataset.open(data) if (data / "manifest.json").exists() else None,
            Selection.load(data / SELECTION) if (data / SELECTION).exists() else None,
            read_json(data / "painting.json"),
            read_trained(folder),
            real_test,
            real_train,
        )

    @property
    def name(self) -> str:
        return self.config.run if self.config else self.folder.name

    @property
    def new_images(self) -> int | None:
        """Painted training images that were kept."""
        if self.dataset is None:
            return None
        train = {frame.key for frame in self.dataset.frames if frame.split == "train"}
        return len(train & set(self.selection.kept) if self.selection else train)


def write_report(
    run: P,
    real_test: Source | None = None,
    real_train: Source | None = None,
    catalog: Catalog | None = None,
    data: Place | None = None,
) -> P:
    """Write ``RUN/report.html`` and return its path. `catalog` knows the licences of the run's assets (default: those
    in installed packages); `data` is where its frames are (default: ``RUN/dataset``). DatasetError when the run's files
    are damaged or there is nothing to report."""
    opened = Run.open(run, real_test, real_train, data)
    if opened.dataset is None and not opened.trained:
        raise DatasetError(f"{run}: neither a data set nor a detector is here; run the config first")
    path = run / PAGE
    write_bytes(path, render(opened, catalog or Catalog.open()).encode())
    return path


def render(run: Run, catalog: Catalog) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"count": _count, "share": _share, "embedded": embedded}
    return environment.get_template("page.jinja").render({**_detectors(run), **_data(run, catalog), "run": run})


def _detectors(run: Run) -> dict[str, Any]:
    first = next(iter(firsts(run.trained)), None)
    labels = None if run.real_train is None else _objects(run.real_train)
    sizes = {"synthetic": run.new_images or 0, "real": len(run.real_train) if run.real_train else 0}
    rows = table(run.trained, run.config.train if run.config else None, sizes, labels)
    dots = [(row.arm, color(row.arm), row.measures["box AP"].values) for row in rows if row.measures["box AP"].values]
    return {
        "lead": first,
        "hero": _pictures(run, first)[:1] if first else [],
        "arms": [(one, _pictures(run, one)[:3]) for one in firsts(run.trained)],
        "rows": rows,
        "measured": [name for name in MEASURES if any(row.measures[name].values for row in rows)],
        "dots": charts.dots(dots, "Box AP per arm", "box AP on the test photographs") if dots else None,
        "worths": worths(run.trained),
        "caveats": caveats(run.config, first, rows),
        "origin": origin(run.config.train if run.config else None),
        "losses": losses(run.trained),
        **trainings(run.folder, run.config.train if run.config else None),
        **judgements(run.folder if isinstance(run.folder, Path) else None, run.real_test),
        "colors": COLORS,
    }


def _pictures(run: Run, one: Trained) -> list[Shown]:
    return shown(run.real_test, one.evaluation) if run.real_test is not None and one.evaluation else []


def _objects(source: Source) -> int:
    return sum(int((~source[index].ignore).sum()) for index in range(len(source)))


def losses(trained: list[Trained]) -> list[statistics.Figure]:
    """Total loss of every detector; the parts of it, of the first one."""
    logged = [one for one in trained if one.log]
    if not logged:
        return []
    totals = [
        charts.Curve(f"{one.arm}-{one.seed}", color(one.arm), *charts.smoothed([_total(step) for step in one.log]))
        for one in logged
    ]  # fmt: skip
    names = [name for name in logged[0].log[0] if name != "step"]
    series = {name.removeprefix("loss_"): [step.get(name, 0.0) for step in logged[0].log] for name in names}
    parts = [
        charts.Curve(name, ink, *charts.smoothed(values))
        for (name, values), ink in zip(series.items(), charts.PALETTE, strict=False)
    ]
    first = f"{logged[0].arm}-{logged[0].seed}"
    return [
        statistics.Figure(
            "Total loss", charts.curves(totals, "Total loss by step", "step", "loss", log=True),
            "The sum that is minimized, averaged over neighbouring steps; upright axis logarithmic.",
            charts.legend({one.arm: color(one.arm) for one in logged}),
        ),
        statistics.Figure(
            f"Parts of the loss: {first}", charts.curves(parts, f"Parts of the loss of {first}", "step", "loss"),
            "What the total is made of, for one detector.", charts.legend({one.name: one.color for one in parts}),
        ),
    ]  # fmt: skip


def _total(step: Mapping[str, float]) -> float:
    return sum(value for name, value in step.items() if name != "step")


def _data(run: Run, catalog: Catalog) -> dict[str, Any]:
    """What the page says about the painted data; all of it None or empty where there is none."""
    dataset = run.dataset
    photographs = [
        provenance.photographs(role, source)
        for role, source in (("training", run.real_train), ("test", run.real_test))
        if source is not None
    ]
    if dataset is None:
        return {"sheet": None, "balance": [], "figures": [], "audit": None, "stages": None, "each": None,
                "assets": [], "scenes": 0,
                "photographs": photographs}  # fmt: skip
    kept = set(run.selection.kept) if run.selection else {frame.key for frame in dataset.frames}
    assets, scenes = provenance.used_assets(dataset, catalog)
    rules = run.config.balance if run.config else None
    return {
        "sheet": frame_sheet(dataset, FRAMES, dataset.manifest.seed, kept=kept) if kept else None,
        "balance": balanced(dataset.frames, dataset.folder, run.selection, rules, dataset.manifest.classes),
        "figures": _figures(run, dataset, kept),
        "audit": audited(dataset.frames, dataset.quarantined),
        **_speed(run.painting),
        "assets": assets,
        "scenes": scenes,
        "photographs": photographs,
    }


def _figures(run: Run, dataset: Dataset, kept: set[str]) -> list[statistics.Figure]:
    frames = [frame for frame in dataset.frames if frame.split == "train" and frame.key in kept]
    if not frames:
        return []
    real = statistics.of_source(run.real_train, "real training photographs") if run.real_train is not None else None
    if real is None and run.real_test is not None:
        real = statistics.of_source(run.real_test, "real test photographs")
    width, height = dataset.manifest.size
    return statistics.figures(statistics.of_frames(frames, "painted frames"), real, height / width)


def _speed(painting: Mapping[str, Any] | None) -> dict[str, Any]:
    """A chart of one worker's seconds per frame by stage, and their sum; None where they were not recorded."""
    found = painting or {}
    frames = int(found.get("painted", 0)) + len(found.get("quarantined", {}))
    if not found.get("seconds") or not frames:
        return {"stages": None, "each": None}
    seconds = {name: spent / frames for name, spent in found["seconds"].items()}
    return {"stages": charts.stages(seconds, "Seconds per frame by stage"), "each": sum(seconds.values())}


def embedded(picture: Any) -> str:
    """A picture (array or PIL) as a data URI: WebP without loss while it is small, else JPEG without thinning out the
    colours."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    # WebP with the least effort takes a twelfth of the time of PNG with the most, and a fifth less room
    kind = "webp" if image.width * image.height <= LOSSLESS else "jpeg"
    how = {"lossless": True, "quality": 20, "method": 0} if kind == "webp" else {"quality": 92, "subsampling": 0}
    file = io.BytesIO()
    image.save(file, kind, **how)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _share(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def _config(path: Place) -> RunConfig | None:
    try:
        return RunConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{path}: not a config of this program ({error}); run the config again") from error
