"""Servers that integration tests share for a whole run."""

from collections.abc import Iterator

import pytest

from support.backends.nats import new_nats_server
from support.backends.postgres import PostgresServer
from support.backends.qdrant import new_qdrant_server
from support.backends.usage import USAGE
from support.enrichment import USER, Daybook
from support.model_server import ModelServer
from support.scripted_ollama import ScriptedOllama


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    USAGE.note("ollama", "embedded")
    with ModelServer() as server:
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
        new_nats_server(directory / "nats", users=(USER,)) as nats_server,
        new_qdrant_server(directory / "qdrant") as qdrant,
        Daybook(directory, nats_server, postgres_server, qdrant).serving(ollama.url) as running,
    ):
        yield running
