"""A real nats-server on a free port, with JetStream in a directory of the test's."""

import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

USER, PASSWORD = "broker", "s3cret"
START_S = 10.0

_PORT = re.compile(r"Listening for client connections on 127\.0\.0\.1:(\d+)")


class NatsServer:
    """`restart` keeps port and data; `kill` is SIGKILL.

    `authorization` is the inside of that block, "" for a server that lets everybody in; `more` are further lines of the
    configuration, `storage` further settings of its JetStream.
    """

    def __init__(self, directory: Path, *, authorization: str | None = None, more: str = "", storage: str = "") -> None:
        self._directory = directory
        users = f"users = [{{user: {USER}, password: {PASSWORD}}}]"
        inside = users if authorization is None else authorization
        self._more = f"authorization {{ {inside} }}\n{more}\n" if inside else f"{more}\n"
        self._storage = f"store_dir: {directory / 'store'}, sync_interval: always{storage and ', '}{storage}"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = -1

    def start(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        log = self._directory / f"nats-{time.monotonic_ns()}.log"
        config = self._directory / "nats.conf"
        config.write_text(f"listen: 127.0.0.1:{self.port}\njetstream {{ {self._storage} }}\n{self._more}")
        binary = Path(sys.executable).with_name("nats-server")
        self._process = subprocess.Popen([str(binary), "-c", str(config), "-l", str(log)])
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            text = log.read_text() if log.exists() else ""
            found = _PORT.search(text)
            if found and "Server is ready" in text:
                self.port = int(found[1])
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"nats-server did not start: {log.read_text() if log.exists() else ''}")

    def restart(self) -> None:
        """As after a crash: SIGKILL, then the same port and data."""
        self.kill()
        self.start()

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: its sockets stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def limit_files(self, size_bytes: int) -> None:
        """No file can grow beyond this any more: every write of more fails, as on a full disk."""
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    def url(self, prefix: str = "", user: str = USER, password: str = PASSWORD) -> str:
        return f"nats://{user}:{password}@127.0.0.1:{self.port}/{prefix}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _signal(self, what: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(what)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None
