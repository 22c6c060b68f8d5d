"""One gateway over one database for all tests here; each has a journal of its own."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from gateway.db.migrations import migrate
from support.backends.postgres import PostgresServer
from support.http_gateway import HttpGateway


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
