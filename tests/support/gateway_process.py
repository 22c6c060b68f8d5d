"""`python -m gateway` as a process, as an operator runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_START_S = 60.0


def gateway_env(database_url: str, nats_url: str, **settings: object) -> dict[str, str]:
    chosen = {
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_NATS_URL": nats_url,
        "GATEWAY_EMBEDDING_MODEL": "all-minilm",
        "GATEWAY_CHAT_MODEL": "smollm2:135m",
        "GATEWAY_HTTP_PORT": "0",
        "GATEWAY_OLLAMA_URL": "http://127.0.0.1:1",
        "GATEWAY_QDRANT_URL": "http://127.0.0.1:1",
        **{f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()},
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}, **chosen}


def run_gateway(env: dict[str, str], *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    """`told`: its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=env,
        input=told,
        capture_output=True,
        text=True,
        timeout=_START_S,
        check=False,
    )


class GatewayProcess:
    """`python -m gateway serve` on a free port, inside the block. `lines` holds its log."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._env = env
        self._log = log
        self.url = ""

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def tell_to_stop(self) -> None:
        """SIGTERM, and no more."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.tell_to_stop()
        return self.wait()

    def wait(self) -> int:
        """The exit status, once it has ended."""
        return self._process.wait(30)

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=self._env, stderr=log)
        deadline_s = time.monotonic() + _START_S
        while '"gateway.listening"' not in self._log.read_text():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline_s, "the gateway did not start"
            time.sleep(0.05)
        (line,) = [line for line in self.lines if line["event"] == "gateway.listening"]
        self.url = f"http://127.0.0.1:{line['port']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
