"""One gateway over one database for all tests here, others for asking and for events; each has a journal of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gateway.ask.writing import ChatModel
from gateway.db.migrations import migrate
from ollama_client import OllamaConfig
from support.asking import Asked
from support.backends.nats import NatsServer, new_nats_server
from support.backends.postgres import PostgresServer
from support.event_stream import declare_stream
from support.http_gateway import HttpGateway, ShelfFinder
from support.journal_events import KEPT, Pen, client_of, pen_of
from support.scripted_ollama import MODEL, ScriptedOllama


@pytest.fixture(scope="session")
def http_database(postgres_server: PostgresServer) -> str:
    url = postgres_server.create_database("gateway_http")
    asyncio.run(migrate(url))
    return url


@pytest.fixture(scope="session")
def gateway(http_database: str) -> Iterator[HttpGateway]:
    with HttpGateway(http_database) as server:
        yield server


@pytest.fixture(scope="session")
def writer(gateway: HttpGateway) -> Iterator[httpx.Client]:
    with gateway.client("read", "write", "admin") as client:
        yield client


@pytest.fixture
def journal(writer: httpx.Client) -> str:
    name = f"j-{uuid4().hex[:12]}"
    assert writer.put(f"/v1/journals/{name}").status_code == 201
    return name


@pytest.fixture
def entries(journal: str) -> str:
    """The address of the journal's entries."""
    return f"/v1/journals/{journal}/entries"


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    with ScriptedOllama(context_tokens=4096) as server:
        yield server


@pytest.fixture(scope="module")
def asking(http_database: str, ollama: ScriptedOllama) -> Iterator[HttpGateway]:
    config = OllamaConfig(base_url=ollama.url, total_timeout_s=2.0, first_token_timeout_s=2.0)
    with HttpGateway(http_database, chat=ChatModel(config, MODEL, 4096)) as server:
        yield server


@pytest.fixture
def finder(asking: HttpGateway) -> Iterator[ShelfFinder]:
    finder = asking.finder
    finder.shelf, finder.fault = [], None
    yield finder
    finder.shelf, finder.fault = [], None


@pytest.fixture
def reader(asking: HttpGateway) -> Iterator[httpx.Client]:
    with asking.client("read") as client:
        yield client


@pytest.fixture
def asked(writer: httpx.Client, finder: ShelfFinder, reader: httpx.Client, journal: str) -> Asked:
    return Asked(writer, finder, reader, journal)


@pytest.fixture(scope="module")
def nats_of_events(servers_dir: Path) -> Iterator[NatsServer]:
    """Each module's own: the stream is torn down there."""
    with new_nats_server(servers_dir / f"events-nats-{uuid4().hex[:12]}") as server:
        asyncio.run(declare_stream(server.url))
        yield server


@pytest.fixture(scope="module")
def serving(http_database: str, nats_of_events: NatsServer) -> Iterator[Callable[..., HttpGateway]]:
    """Starts a gateway; the caller may stop it before the end."""
    with ExitStack() as stack:

        def start(**options: object) -> HttpGateway:
            options = {"nats_url": nats_of_events.url, "events_kept": KEPT, **options}
            return stack.enter_context(HttpGateway(http_database, **options))  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="module")
def events_gateway(serving: Callable[..., HttpGateway]) -> HttpGateway:
    return serving()


@pytest.fixture
async def client(events_gateway: HttpGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(events_gateway) as opened:
        yield opened


@pytest.fixture
async def pen(nats_of_events: NatsServer) -> AsyncIterator[Pen]:
    async with pen_of(nats_of_events.url) as opened:
        yield opened


@pytest.fixture
async def diary(client: httpx.AsyncClient) -> str:
    return await _new_journal(client)


@pytest.fixture
async def foreign(client: httpx.AsyncClient) -> str:
    return await _new_journal(client)


async def _new_journal(client: httpx.AsyncClient) -> str:
    name = f"e-{uuid4().hex[:12]}"
    assert (await client.put(f"/v1/journals/{name}")).status_code == 201
    return name
