import socket
import subprocess
import sys
from pathlib import Path

from support.model_server import MODELS


def run(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devstack.ollama", "--data", str(data), "--port", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(MODELS, port)
    assert ended.returncode == 1
    assert (
        ended.stderr.strip() == f"model server: port {port} on 127.0.0.1 cannot be listened on: Address already in use"
    )


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run(tmp_path / "file" / "models", 0)
    assert ended.returncode == 1
    assert ended.stderr.startswith("model server: ")
    assert "Traceback" not in ended.stderr
