"""An S3 server on the loopback, as a fixture of tests that want one."""

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
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    settings = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://{host}:{port}"}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    fsspec.config.conf.clear()
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    fsspec.filesystem("s3").mkdir("bucket", create_parents=True)
    yield "s3://bucket/run"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()
