"""Small JSON files that are whole or absent, whenever the process or the machine stops."""

import os
from pathlib import Path

import orjson

from devstack.qdrant.wire import Json


def write_durably(path: Path, value: Json) -> None:
    """Write beside `path`, fsync, rename over it, fsync the folder: a reader sees the old value or the new one."""
    beside = path.with_suffix(".tmp")
    with beside.open("wb") as file:
        file.write(orjson.dumps(value))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def read(path: Path) -> Json:
    return orjson.loads(path.read_bytes())


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
