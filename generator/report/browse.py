"""A page to browse a data set in: pictures with their labels laid over them, found by class, tag, size and visibility.

It works from a folder without a server (`write_pages`), with all its files beside it, or is served from the shards
(`browse_server`), which needs no files at all. Both are the same page and the same paths: ``index.html``, ``index.js``
(what is searched) and ``frames/0000/KEY.*`` (what is shown, loaded when it is looked at).
"""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.dataset.atomic import canonical, write_bytes, writing
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.store import Dataset
from generator.report.browse_rows import SEEN, SIZES, Rows
from generator.report.browse_views import Views

HERE = Path(__file__).parent
FOLDER = 500  # frames in one folder of files
MANY = 5000  # frames from which on a served page is the better one
Progress = Callable[[str, int, int, str], None]


def write_pages(dataset: Dataset, out: Path, progress: Progress = lambda *_: None) -> None:
    """``out/index.html``, ``out/index.js`` and ``out/frames/``."""
    views = Views(Rows.of(dataset))
    for number, key in enumerate(views.rows.keys):
        place = out / "frames" / f"{number // FOLDER:04d}"
        files = {name: views.file(key, name) for name in views.names}
        with writing(out):
            place.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (place / f"{key}.{name}").write_bytes(content)  # not synced: the page itself comes last
        progress("page", number + 1, len(views.rows.keys), key)
    write_bytes(out / "index.js", index(views))
    write_bytes(out / "index.html", page(views.rows))


def page(rows: Rows) -> bytes:
    looks = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    manifest = rows.dataset.manifest
    return looks.get_template("browse.jinja").render(scene=manifest.scene, total=f"{len(rows.keys):,}").encode()


def index(views: Views) -> bytes:
    """What the page searches, as a script that defines it."""
    rows = views.rows
    chosen = rows.dataset.folder / SELECTION
    kept = set(Selection.load(chosen).kept) if chosen.exists() else None
    table = {**rows.found, "rasters": views.layers, "folder": FOLDER, "sizes": SIZES, "seen": SEEN}
    table["kept"] = None if kept is None else [int(key in kept) for key in rows.keys]
    return b"const DATA=" + canonical(table) + b";\n"
