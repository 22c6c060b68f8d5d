"""PostgreSQL's own pid file, where an earlier server left it behind."""

import os
import time
from contextlib import suppress
from pathlib import Path

from devstack.faults import StackFault

_ENDING_S = 10.0
_POLL_S = 0.05


def release_stale_lock(data: Path) -> None:
    """Remove `postmaster.pid` where its process id now belongs to something else; wait for a server that is ending.

    PostgreSQL itself clears the file if no process has that id. After a reboot, or in a container, one often has.

    Raises:
        StackFault: a PostgreSQL still runs on this data and does not end.
    """
    lock = data / "postmaster.pid"
    deadline_s = time.monotonic() + _ENDING_S
    while (pid := _pid_in(lock)) is not None and _serves(pid, data):
        if time.monotonic() > deadline_s:
            raise StackFault(
                f"a PostgreSQL of an earlier start still runs on {data} (pid {pid}). Stop it with `kill -INT {pid}`."
            )
        time.sleep(_POLL_S)
    lock.unlink(missing_ok=True)


def _pid_in(lock: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int(lock.read_text().split("\n", 1)[0])
    return None


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL on this very data."""
    if pid == os.getpid():
        return False
    with suppress(OSError):
        return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
