"""Servers that integration tests share for a whole run."""

from collections.abc import Iterator

import pytest

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.qdrant.server import QdrantServer
from support.enrichment import USER, Daybook
from support.model_server import ModelServer
from support.scripted_ollama import ScriptedOllama


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    with ModelServer("--threads", "2") as server:
        yield server


@pytest.fixture(scope="session")
def ollama() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="session")
def daybook(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, ollama: ScriptedOllama
) -> Iterator[Daybook]:
    """A gateway with servers of its own for the tests of workers; each test has its own journals."""
    directory = tmp_path_factory.mktemp("daybook")
    with (
        NatsServer(directory / "nats", users=(USER,)) as nats_server,
        QdrantServer(directory / "qdrant") as qdrant,
        Daybook(directory, nats_server, postgres_server, qdrant).serving(ollama.url) as running,
    ):
        yield running
