"""The embedded stack's model server as a process, with the real small models."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

#: Kept between runs of the suite: converting the weights takes seconds.
MODELS = Path(__file__).parents[2] / ".daybook" / "models"
_LISTENING = "listening on "
_STOP_S = 10


class ModelServer:
    def __init__(self, *flags: str, data: Path = MODELS) -> None:
        command = [sys.executable, "-m", "devstack.ollama", "--data", str(data), "--port", "0", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.url = ""

    def __enter__(self) -> Self:
        for line in self.process.stdout:
            if line.startswith(_LISTENING):
                self.url = line.removeprefix(_LISTENING).strip()
                return self
        raise AssertionError(f"the model server ended early with {self.process.wait(_STOP_S)}")

    def __exit__(self, *_exc: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
