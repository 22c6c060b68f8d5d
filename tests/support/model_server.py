"""The embedded stack's model server as a process, with the real small models."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

#: Kept between runs of the suite: converting the weights takes seconds.
MODELS = Path(__file__).parents[2] / ".daybook" / "models"
_READY_S = 60.0


class ModelServer:
    def __init__(self, *flags: str, data: Path = MODELS) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        command = [sys.executable, "-m", "devstack.ollama", "--data", str(data), "--port", str(self.port), *flags]
        self.process = subprocess.Popen(command, start_new_session=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        deadline_s = time.monotonic() + _READY_S
        while True:
            try:
                httpx.get(self.url, trust_env=False)
            except httpx.TransportError:
                assert self.process.poll() is None, "the model server ended early"
                assert time.monotonic() < deadline_s, "the model server did not start"
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *_exc: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
