"""The page to browse a data set in, served from its shards: nothing is unpacked, and a hundred thousand frames open at
once. For this machine alone: it listens on the loopback address, and answers no path but those it makes itself."""

import gzip
import re
from dataclasses import dataclass
from html import escape as html_escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from generator.base.errors import GeneratorError
from generator.dataset.store import Dataset
from generator.report.browse import index, page
from generator.report.browse_rows import Rows
from generator.report.browse_views import Views

LOOPBACK = "127.0.0.1"
HOSTS = {LOOPBACK, "localhost"}
FRAME = re.compile(r"/frames/\d{4,}/([^/.]+)\.([a-z0-9_.]+)")
TYPES = {
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp",
}  # fmt: skip
POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"


@dataclass(frozen=True)
class Answer:
    """`tag` names this content: a browser that still has it is not sent it again."""

    status: HTTPStatus
    kind: str
    body: bytes
    tag: str = ""


class Pages:
    """Answers by path. No path is ever looked for on the disk: keys are looked up among those of the data set."""

    def __init__(self, dataset: Dataset) -> None:
        """Raises DatasetError for damaged records."""
        self.views = Views(Rows.of(dataset))
        html = page(self.views.rows)
        self.fixed = {"/": ("html", html), "/index.html": ("html", html), "/index.js": ("js", index(self.views))}

    def answer(self, path: str, known: str = "") -> Answer:
        """`known` is the tag of what the browser has of this path."""
        if path in self.fixed:
            return Answer(HTTPStatus.OK, *self.fixed[path])
        match = FRAME.fullmatch(path)
        if match is None or match[1] not in self.views.rows.shards or match[2] not in self.views.names:
            return Answer(HTTPStatus.NOT_FOUND, "html", b"there is no such page")
        key, name = match[1], match[2]
        try:
            tag = f'"{self.views.rows.record(key).crc:08x}-{name}"'
            if tag == known:
                return Answer(HTTPStatus.NOT_MODIFIED, "html", b"", tag)
            return Answer(HTTPStatus.OK, name.rpartition(".")[2], self.views.file(key, name), tag)
        except GeneratorError as error:  # a damaged shard: the other frames can still be looked at
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "html", html_escape(str(error)).encode())


class _Handler(BaseHTTPRequestHandler):
    """`pages` is set by `server`. Reads no bodies; answers GET and HEAD."""

    protocol_version = "HTTP/1.1"
    pages: Pages

    def do_GET(self) -> None:
        """As the base class asks."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if host not in HOSTS:  # a page from elsewhere whose name was made to point here
            return self.reply(Answer(HTTPStatus.FORBIDDEN, "html", b"served to this machine alone"))
        path = unquote(urlsplit(self.path).path)
        self.reply(self.pages.answer(path, self.headers.get("If-None-Match", "")))

    do_HEAD = do_GET

    def reply(self, answer: Answer) -> None:
        body = answer.body
        packed = answer.kind in ("html", "js") and "gzip" in self.headers.get("Accept-Encoding", "")
        if packed:
            body = gzip.compress(body, 4, mtime=0)
        heads = {
            "Content-Type": TYPES[answer.kind], "Content-Length": str(len(body)), "Cache-Control": "no-cache",
            "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "ETag": answer.tag,
            "Content-Encoding": "gzip" if packed else "",
        }  # fmt: skip
        try:
            self.send_response(answer.status)
            for name, value in heads.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except ConnectionError:  # the browser turned the page before it had all of this one
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line per thumbnail tells nobody anything."""


def server(dataset: Dataset, port: int = 0) -> ThreadingHTTPServer:
    """A server that listens, to be told to `serve_forever`; port 0 is any that is free. Raises GeneratorError where the
    port cannot be had."""
    handler = type("Handler", (_Handler,), {"pages": Pages(dataset)})
    try:
        made = ThreadingHTTPServer((LOOPBACK, port), handler)
    except (OSError, OverflowError) as error:
        raise GeneratorError(f"port {port}: {error}; name another with --port, or none for any that is free") from error
    made.daemon_threads = True
    return made


def address(made: ThreadingHTTPServer) -> str:
    return f"http://{LOOPBACK}:{made.server_port}/"
