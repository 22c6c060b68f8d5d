"""A database of its own for each test, with the schema in it and one journal."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from devstack.postgres import PostgresServer
from gateway.db.migrations import migrate
from gateway.db.store import Store
from gateway.service.put_journal import put_journal
from support.gateway_store import Holder, holder


@pytest.fixture
async def database_url(postgres_server: PostgresServer) -> str:
    url = postgres_server.create_database(f"gateway_{uuid4().hex}")
    await migrate(url)
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store(database_url, connections_max=25) as opened:
        yield opened


@pytest.fixture
async def owner(store: Store) -> Holder:
    """May do everything, in every journal. There is the journal `anna`."""
    found = await holder(store, "read", "write", "admin", "enrich")
    await put_journal(store, found.principal, "anna")
    return found
