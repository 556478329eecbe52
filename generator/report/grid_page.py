"""The page about stored results alone, of one experiment or several."""

from collections.abc import Sequence
from pathlib import Path

from generator.base.errors import DatasetError
from generator.dataset.atomic import write_bytes
from generator.report.depths import depth_rows
from generator.report.grid import environment, grid
from generator.train.result import Result


def write_grid(path: Path, results: Sequence[Result], title: str = "Results") -> None:
    """Write the page; it loads nothing and runs no script. DatasetError where there are no results."""
    if not results:
        raise DatasetError(f"{path.parent}: no result.json and no NAME.result.json is here; train first")
    page = environment().get_template("grid_page.jinja")
    settings = {(one.run, str(one.config.get("model")), str(one.config.get("backbone")), one.steps, one.batch)
                for one in results}  # fmt: skip
    text = page.render(
        title=title, results=results, real=grid(results), painted=grid(results, "synthetic"), settings=sorted(settings),
        depths=depth_rows(results),
    )  # fmt: skip
    write_bytes(path, text.encode())
