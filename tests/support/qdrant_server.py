"""The embedded Qdrant server as a process that tests start, stop and kill."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

_START_S = 20
_STOP_S = 10


class QdrantServer:
    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devstack.qdrant", "--data", str(self.data), "--port", "0", *self._options],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.removeprefix("listening on ").strip()
        self._wait_until_ready()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Die at once, as in a crash."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_STOP_S)
            process.stdout.close()

    def _wait_until_ready(self) -> None:
        # The listener takes connections before the collections are loaded, and answers after.
        httpx.get(f"{self.url}/readyz", timeout=_START_S).raise_for_status()
