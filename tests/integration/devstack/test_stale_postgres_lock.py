"""`postmaster.pid` of a server that is gone must not stop the next one, and one that runs must not be harmed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from devstack import postgres_lock
from devstack.faults import StackFault
from devstack.postgres import PostgresServer
from devstack.postgres_lock import release_stale_lock


def test_a_pid_that_now_belongs_to_another_program_stops_nobody(servers_dir: Path) -> None:
    server = PostgresServer(servers_dir / "stale-postgres", durable=False)
    server.start()
    lock = servers_dir / "stale-postgres" / "data" / "postmaster.pid"
    left_behind = lock.read_text().split("\n", 1)[1]
    server.process.kill()
    # The number of a process that lives, and is of the same user as the server: PostgreSQL alone would refuse.
    sleeper = subprocess.Popen(["sleep", "60"], user="nobody" if os.geteuid() == 0 else None, cwd="/")
    try:
        lock.write_text(f"{sleeper.pid}\n{left_behind}")
        server.start()
        assert server.is_ready()
    finally:
        sleeper.kill()
        sleeper.wait()
        server.stop()


@pytest.mark.parametrize("content", ["", "no number\n", "999999999\n"])
def test_a_broken_lock_file_is_removed(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    release_stale_lock(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()
    release_stale_lock(tmp_path)


def test_a_server_that_still_runs_on_the_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_lock, "_ENDING_S", 0.1)
    other = _pretender(tmp_path)
    try:
        with pytest.raises(StackFault, match=rf"pid {other.pid}.*kill -INT {other.pid}"):
            release_stale_lock(tmp_path)
        assert (tmp_path / "postmaster.pid").exists()
    finally:
        other.kill()
        other.wait()


def test_a_server_that_is_ending_is_waited_for(tmp_path: Path) -> None:
    other = _pretender(tmp_path)
    threading.Timer(0.3, lambda: (other.kill(), other.wait())).start()
    release_stale_lock(tmp_path)
    assert other.wait(5) == -9


def _pretender(data: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(data)])
    deadline_s = time.monotonic() + 5
    # For a moment after it began a program has no arguments to be seen.
    while str(data).encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline_s
    (data / "postmaster.pid").write_text(f"{process.pid}\n{data}\n")
    return process
