"""PostgreSQL: the embedded server, or a container of the official image's interface."""

import secrets
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from devstack import postgres as embedded
from support.backends.choice import image_of, in_container
from support.backends.container import ServerContainer
from support.backends.usage import USAGE

_PORT_INSIDE = 5432
_START_S = 60.0


class PostgresServer(Protocol):
    """Starts within a `with`, and may be stopped and started again there: port, password and data stay the same."""

    port: int

    @property
    def url(self) -> str:
        """Of the database `postgres`, as superuser."""
        ...

    def url_of(self, database: str) -> str: ...
    def create_database(self, name: str) -> str: ...
    def start(self) -> Self: ...
    def stop(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def new_postgres_server(directory: Path, *, durable: bool = True) -> PostgresServer:
    """`durable=False` turns fsync off, for tests of other things."""
    if in_container("postgres"):
        USAGE.note("postgres", "containers")
        return ContainerPostgres(durable=durable)
    USAGE.note("postgres", "embedded")
    return embedded.PostgresServer(directory, durable=durable)


class ContainerPostgres:
    def __init__(self, *, durable: bool = True) -> None:
        self._password = secrets.token_urlsafe(24)
        self._container = ServerContainer(
            "postgres",
            image_of("postgres"),
            _PORT_INSIDE,
            command=f"postgres -c fsync={'on' if durable else 'off'} -c max_connections=100",
            env={
                "POSTGRES_USER": embedded.SUPERUSER,
                "POSTGRES_PASSWORD": self._password,
                "POSTGRES_DB": "postgres",
            },
        )
        self.port = self._container.port

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://{embedded.SUPERUSER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """The URL of the database, which is made if it is not there."""
        code, output = self._run("createdb", "--maintenance-db", "postgres", name)
        assert code == 0 or "already exists" in output, f"the database {name} could not be made: {output.strip()}"
        return self.url_of(name)

    def start(self) -> Self:
        # By TCP: the server that the image's script starts to prepare the first data listens on a socket file alone.
        self._container.launch(lambda: self._run("pg_isready", "-q")[0] == 0, within_s=_START_S)
        return self

    def stop(self) -> None:
        self._container.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.remove()

    def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        login = ("-h", "127.0.0.1", "-U", embedded.SUPERUSER)
        return self._container.execute(program, *login, *arguments, env={"PGPASSWORD": self._password})
