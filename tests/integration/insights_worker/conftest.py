from collections.abc import Iterator

import pytest

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.qdrant.server import QdrantServer
from support.enrichment import USER, Daybook
from support.scripted_ollama import ScriptedOllama


@pytest.fixture(scope="session")
def ollama() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="session")
def daybook(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, ollama: ScriptedOllama
) -> Iterator[Daybook]:
    """A NATS of its own, for its streams; one for all tests, each with its own journals."""
    directory = tmp_path_factory.mktemp("insights")
    with (
        NatsServer(directory / "nats", users=(USER,)) as nats_server,
        QdrantServer(directory / "qdrant") as qdrant,
        Daybook(directory, nats_server, postgres_server, qdrant).serving(ollama.url) as running,
    ):
        yield running
