"""An S3 server on the loopback, as a fixture of tests that want one."""

import os
import urllib.request
from collections.abc import Iterator

import fsspec
import pytest


def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a run in an empty bucket; every process that is started meanwhile finds the server."""
    import moto.server as moto

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://{host}:{port}"}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    fsspec.config.conf.clear()
    emptied()
    yield "s3://bucket/run"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


def emptied() -> None:
    """As if the server, which all tests of a process share, had just been started."""
    reset = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    fsspec.filesystem("s3").mkdir("bucket", create_parents=True)
