"""A real Redis server on a free port, where Debian's package is installed."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack.ports import free_port
from devstack.process import ServerProcess

START_S = 15.0


@contextmanager
def redis_server(directory: Path) -> Iterator[str]:
    """Its URL. Skips the test where there is no redis-server."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
    process = ServerProcess("redis", command, log=directory / "redis.log", cwd=directory)
    process.start()
    try:
        process.wait_until(lambda: _answers(port), within_s=START_S)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
