"""A Celery prefork worker as a process group of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TESTS = Path(__file__).parents[2]
DEADLINE_S = 20.0


def until(condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """The first true value of `condition`."""
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {condition}")
        time.sleep(0.02)
    return value


class Ledger:
    """What tasks wrote, over all workers of a test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[dict[str, Any]]:
        text = self.path.read_text() if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def lines(self, word: str, **expected: object) -> list[dict[str, Any]]:
        return [
            entry
            for entry in self.all()
            if entry["word"] == word and all(entry.get(key) == value for key, value in expected.items())
        ]

    def wait(
        self, word: str, count: int = 1, deadline_s: float = DEADLINE_S, **expected: object
    ) -> list[dict[str, Any]]:
        return until(lambda: len(found := self.lines(word, **expected)) >= count and found, deadline_s)


class Worker:
    def __init__(
        self,
        directory: Path,
        name: str,
        environment: dict[str, str],
        *,
        concurrency: int = 2,
        app: str = "support.kombu_jetstream.celery_app",
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.log = directory / f"{name}.log"
        self._name = name
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(TESTS)}
        self._concurrency = concurrency
        self._app = app
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        return self.launch().ready()

    def launch(self) -> Self:
        """Start without waiting, for several at a time."""
        command = [
            sys.executable, "-m", "support.kombu_jetstream.celery_command", "-A", self._app, "worker",
            "-n", f"{self._name}@test", "-c", str(self._concurrency), "-l", "INFO", "--without-mingle",
            *self._arguments,
        ]  # fmt: skip
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def ready(self) -> Self:
        assert self._process is not None
        until(lambda: "ready." in self.text() or self._process.poll() is not None, 2 * DEADLINE_S)
        assert self._process.poll() is None, self.text()
        return self

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM for a warm shutdown, SIGQUIT for a cold one."""
        os.kill(self.pid, how)

    def wait_for_exit(self, deadline_s: float = DEADLINE_S) -> int:
        """The exit code."""
        assert self._process is not None
        code = self._process.wait(deadline_s)
        self._process = None
        return code

    def freeze(self) -> None:
        """SIGSTOP for the main process and its pool; their sockets stay open."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def kill_group(self) -> None:
        """Main process and pool at once, as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """Warm shutdown."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15)
            finally:
                if self._process.poll() is None:
                    self.kill_group()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
