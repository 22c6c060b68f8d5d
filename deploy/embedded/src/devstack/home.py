"""The stack's folder: ports and secrets that stay the same, logs, and the lock of whoever runs it."""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.faults import StackFault
from devstack.ports import free_port, is_free

_FREE_BYTES_NEEDED = 500 * 1024 * 1024


class Home:
    """`.daybook` or what DAYBOOK_HOME names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder(self, name: str) -> Path:
        made = self.path / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    def log(self, name: str) -> Path:
        return self.folder("logs") / f"{name}.log"

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Hold the folder. The lock goes with the process, however that ends: a stale file means nothing.

        Raises:
            StackFault: another stack holds it, the disk is full, or the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Entered by PostgreSQL's unprivileged user where root starts the stack; the secrets inside are 0600.
            self.path.chmod(0o711)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise StackFault(
                f"{self.path} cannot be written ({error.strerror}). Set DAYBOOK_HOME to a folder of yours."
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise StackFault(
                    f"a stack runs here already (process {lock.read().strip() or 'unknown'}, data in {self.path}). "
                    "Stop it with Ctrl-C where it runs, or `kill` that process; or set DAYBOOK_HOME to another folder."
                ) from error
            lock.seek(0)
            lock.truncate()
            lock.write(str(os.getpid()))
            lock.flush()
            self._require_space()
            yield

    def ports(self, preferred: dict[str, int], *, fixed: frozenset[str] = frozenset()) -> dict[str, int]:
        """A port for each name: the preferred one (0: none is), else the one it had last time, else a free one.

        What is preferred stands before what was: who had to give way to another program once comes back.

        Raises:
            StackFault: a port of `fixed` is taken.
        """
        known: dict[str, int] = self._read("ports.json")
        chosen: dict[str, int] = {}
        for name, wish in preferred.items():
            if name in fixed:
                if free_port(wish) != wish:
                    raise StackFault(
                        f"port {wish} for {name} is taken. Choose another with `--port N`, or leave it out for any."
                    )
                chosen[name] = wish
                continue
            port = wish if wish and is_free(wish) else free_port(known.get(name, 0))
            while port in chosen.values():
                port = free_port()
            chosen[name] = port
        self._write("ports.json", chosen)
        return chosen

    def move_port(self, name: str, *, is_fixed: bool) -> int:
        """Another port for `name`, remembered: somebody took the chosen one before it was listened on.

        Raises:
            StackFault: it was asked for, so it must not move.
        """
        known: dict[str, int] = self._read("ports.json")
        if is_fixed:
            raise StackFault(
                f"port {known[name]} for {name} was taken by another program during the start. "
                "Choose another with `--port N`, or leave it out for any."
            )
        port = free_port()
        while port in known.values():
            port = free_port()
        self._write("ports.json", known | {name: port})
        return port

    def secrets(self, new: dict[str, str]) -> dict[str, str]:
        """Those of last time, and from `new` what is not known yet."""
        merged = {**new, **self._read("secrets.json")}
        self._write("secrets.json", merged)
        return merged

    def write_state(self, state: dict[str, Any]) -> None:
        """What other commands need to find the running stack."""
        self._write("stack.json", state)

    def read_state(self) -> dict[str, Any]:
        return self._read("stack.json")

    def forget_state(self) -> None:
        (self.path / "stack.json").unlink(missing_ok=True)

    def _require_space(self) -> None:
        stat = os.statvfs(self.path)
        free = stat.f_bavail * stat.f_frsize
        if free < _FREE_BYTES_NEEDED:
            raise StackFault(
                f"only {free // 1024**2} MiB are free at {self.path}; the stack wants "
                f"{_FREE_BYTES_NEEDED // 1024**2} MiB. Free some, or set DAYBOOK_HOME to another disk."
            )

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, name: str, value: dict[str, Any]) -> None:
        path = self.path / name
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(value, indent=2))
        draft.replace(path)
