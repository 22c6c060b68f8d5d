"""One server a data directory: an flock held for the server's life."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from devstack.qdrant.errors import DataDirectoryInUse


@contextmanager
def exclusive(directory: Path) -> Generator[None]:
    """Own `directory` while the block runs; the kernel lets go when the process dies, however it dies.

    The engine locks its files only when it keeps a write-ahead log, and we run it without one: two servers would then
    write the same files, each blind to the other.

    Raises:
        DataDirectoryInUse: another process owns it.
    """
    path = directory / "server.lock"
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirectoryInUse(directory, path.read_text().strip()) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield
