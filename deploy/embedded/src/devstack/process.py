"""One server process: started, watched, stopped, by its process id alone."""

import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from devstack.faults import StartFailed

_POLL_S = 0.02
_LOG_TAIL_CHARS = 1200
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class ServerProcess:
    """A command with a log file. It can be started again after it ended, and logs go on in the same file.

    Start it from a thread that lives as long as it should: the kernel stops it when that thread ends, so that a killed
    supervisor leaves no orphans.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_s: float = 15.0,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._env = dict(env or {})
        self._cwd = cwd
        self._user = user
        self._stop_signal = stop_signal
        self._stop_s = stop_s
        self._process: subprocess.Popen[bytes] | None = None
        #: Where in the log this start begins.
        self._log_from_bytes = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or was never started. Negative: the signal that ended it."""
        return self._process.poll() if self._process else None

    def change_env(self, changes: Mapping[str, str]) -> None:
        """Holds from the next start on."""
        self._env.update(changes)

    def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._log_from_bytes = output.tell()
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._env},
                cwd=self._cwd,
                user=self._user,
                group=self._user and _group_of(self._user),
                extra_groups=[] if self._user else None,
                # Of its own group, so that a terminal's Ctrl-C reaches the supervisor alone, which stops in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock, no allocation
            )

    def wait_until(self, ready: Callable[[], bool], *, within_s: float) -> None:
        """Return once `ready()`.

        Raises:
            StartFailed: it ended first, or took longer than `within_s`. Carries the end of its log.
        """
        deadline_s = time.monotonic() + within_s
        while not ready():
            if not self.running:
                raise StartFailed(self.name, f"it ended with code {self.exit_code}\n{self.log_tail()}", self.log)
            if time.monotonic() > deadline_s:
                self.kill()
                raise StartFailed(self.name, f"not ready within {within_s:g} s\n{self.log_tail()}", self.log)
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Ask, wait, then kill. Nothing happens if it has ended."""
        if not self.running:
            return
        assert self._process is not None
        self.resume()
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(self._stop_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, to its whole process group: a pool's children go with it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def log_tail(self) -> str:
        """The end of what it wrote since its last start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_from_bytes)
            return log.read().decode(errors="replace")[-_LOG_TAIL_CHARS:].strip()

    def _signal(self, which: signal.Signals) -> None:
        if self.running:
            assert self._process is not None
            self._process.send_signal(which)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
