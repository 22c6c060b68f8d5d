"""Real servers that every kind of test may share for a whole run."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.backends.nats import NatsServer, new_nats_server
from support.backends.postgres import PostgresServer, new_postgres_server

pytest_plugins = ["support.backends.plugin"]


@pytest.fixture(scope="session")
def servers_dir() -> Iterator[Path]:
    """A folder that an unprivileged user may enter: PostgreSQL runs as one where the tests run as root."""
    with TemporaryDirectory(prefix="daybook-tests-") as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def nats_server(servers_dir: Path) -> Iterator[NatsServer]:
    with new_nats_server(servers_dir / "nats") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(servers_dir: Path) -> Iterator[PostgresServer]:
    with new_postgres_server(servers_dir / "postgres", durable=False) as server:
        yield server
