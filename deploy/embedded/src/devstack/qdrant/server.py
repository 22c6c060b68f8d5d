"""The Qdrant server as a process that the stack and the tests start and stop."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from devstack.ports import free_port
from devstack.process import ServerProcess

#: Loading what is there included.
_READY_S = 30.0
_PROBE_S = 5.0


class QdrantServer:
    """`start` returns once collections are loaded. Port, key and data stay the same over restarts."""

    def __init__(
        self, directory: Path, *, log: Path | None = None, port: int = 0, api_key_file: Path | None = None
    ) -> None:
        self.directory = directory
        self.port = port or free_port()
        self._api_key_file = api_key_file
        command = [sys.executable, "-m", "devstack.qdrant", "--data", str(directory), "--port", str(self.port)]
        key_option = ["--api-key-file", str(api_key_file)] if api_key_file else []
        self.process = ServerProcess("qdrant", command + key_option, log=log or directory / "qdrant.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_key(self) -> str | None:
        """The server makes it at its first start."""
        return self._api_key_file.read_text().strip() if self._api_key_file else None

    def start(self) -> Self:
        """Raises: StartFailed."""
        self.process.start()
        self.process.wait_until(self._ready, within_s=_READY_S)
        return self

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=_PROBE_S, trust_env=False).is_success
        except httpx.TransportError:
            return False
