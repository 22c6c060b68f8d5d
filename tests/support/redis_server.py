"""A real redis-server on a free loopback port, with its data in a directory of the test's."""

import shutil
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.ports import free_port
from devstack.process import ServerProcess

START_S = 15.0


class RedisServer:
    """Writes nothing to disk. It is a broker (`url(0)`) and, on another database, a result backend."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)]
        command += ["--save", "", "--appendonly", "no"]
        self._process = ServerProcess("redis-server", command, log=directory / "redis.log")

    @staticmethod
    def installed() -> bool:
        return shutil.which("redis-server") is not None

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        self._process.start()
        self._process.wait_until(lambda: answers(self.port), within_s=START_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()


def answers(port: int) -> bool:
    """Whether somebody listens on this port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
