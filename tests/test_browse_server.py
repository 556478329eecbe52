"""The served page: the same as the written one, from the shards, for this machine alone."""

import gzip
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from exporting import CLASSES, built
from PIL import Image

from generator.base.errors import GeneratorError
from generator.dataset.records import FrameRecord, InstanceRecord, key_of, to_parquet
from generator.dataset.selection import Counts, Selection, SplitSelection
from generator.dataset.shards import records_path, tar_path
from generator.dataset.store import Dataset, Manifest
from generator.report.browse import write_pages
from generator.report.browse_rows import Rows
from generator.report.browse_server import LOOPBACK, server

Get = Callable[..., tuple[int, dict[str, str], bytes]]


def client(port: int) -> Get:
    def get(path: str, method: str = "GET", **heads: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in heads.items()})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    return get


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


def serving(dataset: Dataset) -> Iterator[Get]:
    with server(dataset) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield client(made.server_port)
        made.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def get(dataset: Dataset) -> Iterator[Get]:
    yield from serving(dataset)


def test_every_file_of_the_written_page_is_served_alike(dataset: Dataset, get: Get, tmp_path: Path) -> None:
    write_pages(dataset, tmp_path)
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert len(files) == 2 + len(dataset) * (3 + 2 * 3)
    for path in files:
        status, heads, body = get(f"/{path.relative_to(tmp_path)}")
        assert status == 200 and body == path.read_bytes()
        assert int(heads["Content-Length"]) == len(body)
        kind = {"js": "text/javascript", "html": "text/html", "jpg": "image/jpeg"}.get(path.suffix[1:], f"image/{path.suffix[1:]}")  # fmt: skip
        assert heads["Content-Type"].partition(";")[0] == kind
    assert get("/")[2] == (tmp_path / "index.html").read_bytes()


def test_nothing_is_unpacked_and_thumbnails_are_small(dataset: Dataset, get: Get) -> None:
    before = sorted(dataset.folder.rglob("*"))
    key = dataset.frames[0].key
    status, _, body = get(f"/frames/0000/{key}.small.webp")
    assert status == 200 and body[8:12] == b"WEBP"
    assert sorted(dataset.folder.rglob("*")) == before


@pytest.mark.parametrize("path", [
    "/manifest.json", "/../manifest.json", "/frames/../manifest.json", "/frames/0000/../../manifest.json",
    "/frames/0000/%2e%2e/manifest.json", "/frames/0000/..%2fmanifest.json", "//etc/passwd", "/etc/passwd",
    "/frames/0000/train-00000000", "/frames/0000/train-00000000.tar", "/frames/0000/train-00000000.depth.npz",
    "/frames/0000/train-99999999.jpg", "/frames/0000/train-00000777.jpg", "/frames/0000/x.y.jpg", "/frames/", "/%00",
])  # fmt: skip
def test_no_other_path_is_answered(get: Get, path: str) -> None:
    status, _, body = get(path)
    assert status == 404 and body == b"there is no such page"


def test_only_this_machine_is_answered(dataset: Dataset, get: Get) -> None:
    with server(dataset) as made:
        assert made.server_address[0] == "127.0.0.1"
    assert get("/", Host="evil.example")[0] == 403
    assert get("/index.js", Host="evil.example:80")[0] == 403
    assert get("/", Host="localhost:1")[0] == 200
    assert get("/", method="POST")[0] == 501


def test_what_a_browser_has_is_not_sent_again(dataset: Dataset, get: Get) -> None:
    path = f"/frames/0000/{dataset.frames[0].key}.jpg"
    _, heads, body = get(path)
    assert body and heads["Cache-Control"] == "no-cache"
    status, _, again = get(path, If_None_Match=heads["ETag"])
    assert status == 304 and again == b""
    other = get(f"/frames/0000/{dataset.frames[1].key}.jpg", If_None_Match=heads["ETag"])
    assert other[0] == 200 and other[2]
    assert get(path, method="HEAD")[2] == b""


def test_texts_are_packed_when_asked_for(get: Get) -> None:
    _, heads, body = get("/index.js", Accept_Encoding="gzip")
    assert heads["Content-Encoding"] == "gzip" and gzip.decompress(body) == get("/index.js")[2]


def test_a_damaged_frame_says_so_and_the_others_are_served(tmp_path: Path) -> None:
    dataset = built(tmp_path)
    path = tar_path(dataset.folder, 0)
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"train-00000001.rgb.png") + 600] ^= 1
    path.write_bytes(whole)
    for get in serving(dataset):
        assert get("/frames/0000/train-00000000.jpg")[0] == 200
        status, _, body = get("/frames/0000/train-00000001.jpg")
        assert status == 500 and b"train-00000001: its checksum is wrong" in body


def test_what_the_balancing_pass_kept_can_be_asked_for(tmp_path: Path) -> None:
    dataset = built(tmp_path, {"train": [0, 1]})
    counts = Counts(frames=2, empty=0, tags={}, classes={})
    split = SplitSelection(before=counts, after=counts, bound=2, gap=0, combinations=0, combination_size=1)
    Selection(
        seed=0, asked={}, kept=("train-00000001",), dropped={"train-00000000": "x"}, splits={"train": split}
    ).save(tmp_path / "selection.json")
    for get in serving(dataset):
        assert json.loads(get("/index.js")[2][len(b"const DATA=") : -2])["kept"] == [0, 1]


def test_a_port_that_is_taken_is_said(dataset: Dataset) -> None:
    with server(dataset) as made, pytest.raises(GeneratorError, match=f"port {made.server_port}: .*--port"):
        server(dataset, made.server_port)


def test_thousands_of_frames_are_searched_as_their_records_say(tmp_path: Path) -> None:
    """Rows alone, in ten shards whose keys are interleaved."""
    manifest = Manifest(scene="s", spec="a", assets="b", seed=0, classes=CLASSES, size=(9, 9), labels=())
    dataset = Dataset.create_or_check(tmp_path, manifest)
    rng, count = np.random.default_rng(0), 20_000
    areas, seen, kinds = rng.integers(0, 12_000, count), rng.uniform(size=count), rng.integers(0, 4, count)
    labels = [*CLASSES, None]
    for shard in range(10):
        records = []
        for index in range(shard, count, 10):
            label = labels[kinds[index]]
            one = InstanceRecord(1, "a", label, int(kinds[index]) + 1, "x", int(areas[index]), 12_000, float(seen[index]), 0.0, None, None)  # fmt: skip
            name = key_of("train", index)
            records.append(
                FrameRecord(name, "train", index, 0, shard, 9, 9, tags=("a",) * (index % 2), instances=(one,))
            )
        records_path(tmp_path, shard).write_bytes(to_parquet(records))
    rows = Rows.of(Dataset.open(dataset.folder))
    assert list(rows.keys) == [key_of("train", index) for index in range(count)]
    for index in range(count):
        size = 0 if areas[index] < 1024 else 1 if areas[index] < 9216 else 2
        visible = 0 if seen[index] < 0.25 else 1 if seen[index] <= 0.75 else 2
        shown = kinds[index] < 3 and areas[index] > 0
        assert rows.found["kind"][index] == ([9 * kinds[index] + 3 * size + visible] if shown else [])
    assert rows.found["tag"] == [[0] * (index % 2) for index in range(count)]
    assert rows.record(key_of("train", 777)).instances[0].visible_pixels == areas[777]


def test_pictures_of_a_set_larger_than_a_thumbnail_are_made_smaller(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import BytesIO

    from generator.report import browse_views

    monkeypatch.setitem(browse_views.THUMB, "most", 48)
    views = browse_views.Views(Rows.of(dataset))
    for name in ("small.webp", "masks.small.webp", "depth.small.webp"):
        with Image.open(BytesIO(views.file(dataset.frames[0].key, name))) as small:
            assert small.size == (48, 36)


def test_the_command_serves_until_it_is_interrupted(dataset: Dataset) -> None:
    command = [sys.executable, "-u", "-m", "generator", "inspect", str(dataset.folder), "--serve"]
    restore = {
        "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    }  # a shell's background jobs ignore it
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **restore) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "browse at" in line)
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        assert match is not None
        status, _, body = client(int(match[1]))("/index.js")
        process.send_signal(signal.SIGINT)
        assert status == 200 and dataset.frames[0].key.encode() in body
        assert process.stdout.read().endswith("stopped\n") and process.wait(60) == 0
