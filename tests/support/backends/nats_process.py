"""A nats-server of the wheel, run with whatever configuration a test wants."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

_START_S = 30.0
_PORT = re.compile(r"Listening for client connections on 127\.0\.0\.1:(\d+)")


class NatsProcess:
    """The verbs of `NatsContainer`, on a process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.store = str(directory / "store")
        #: Of the first start on; until then, none in particular.
        self.port = -1

    @property
    def addresses(self) -> dict[str, str]:
        return {"listen": f"127.0.0.1:{self.port}"}

    def start(self, config: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        log = self._directory / f"nats-{time.monotonic_ns()}.log"
        file = self._directory / "nats.conf"
        file.write_text(config)
        binary = Path(sys.executable).with_name("nats-server")
        # Not by its option for a log: what it says of a configuration that it refuses would not be in there.
        with log.open("wb") as output:
            self._process = subprocess.Popen([str(binary), "-c", str(file)], stdout=output, stderr=output)
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            text = log.read_text()
            found = _PORT.search(text)
            if found and "Server is ready" in text:
                self.port = int(found[1])
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"nats-server did not start: {log.read_text()}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Its sockets stay open and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # The signal alone is only asked for: until each of its threads has met it, they answer.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()

    def limit_files(self, size_bytes: int) -> None:
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None
