"""A database of its own for each test, with the schema in it and one journal."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from gateway.db.migrations import migrate
from gateway.db.store import Store
from gateway.service.put_journal import put_journal
from support.backends.postgres import PostgresServer
from support.gateway_store import Holder, holder
from support.report_desk import Desk


@pytest.fixture(scope="session")
def migrated_database(postgres_server: PostgresServer) -> str:
    """Name of a database with the schema in it, to be copied: that is quicker than migrating for each test."""
    name = "gateway_template"
    asyncio.run(migrate(postgres_server.create_database(name)))
    return name


@pytest.fixture
async def database_url(postgres_server: PostgresServer, migrated_database: str) -> AsyncIterator[str]:
    name = f"gateway_{uuid4().hex}"
    connection = await asyncpg.connect(postgres_server.url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_database}")
        yield postgres_server.url_of(name)
        # Hundreds of them would take minutes to delete at the end.
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


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


@pytest.fixture
def desk(store: Store, owner: Holder) -> Desk:
    """The reports of `anna`."""
    return Desk(store, owner)
