"""The schema comes about from nothing, once, whoever asks for it."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from gateway.db.migrations import SchemaBehind, migrate, migrations, require_current
from gateway.db.store import Store

ALL = [migration.name for migration in migrations()]


@pytest.fixture
def empty_url(postgres_server):
    return postgres_server.create_database(f"empty_{uuid4().hex}")


async def test_an_empty_database_gets_every_migration(empty_url):
    assert await migrate(empty_url) == ALL
    assert await migrate(empty_url) == []


async def test_five_at_once_apply_each_migration_once(empty_url):
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(5)))
    assert sorted(applied) == [[], [], [], [], ALL]


async def test_numbers_are_unique_and_ascending():
    numbers = [migration.number for migration in migrations()]
    assert numbers == sorted(set(numbers))


async def test_a_gateway_without_its_schema_is_not_ready(empty_url):
    await migrate(empty_url)
    async with Store(empty_url) as store, store.connection() as connection:
        await require_current(connection)
        await connection.execute("DELETE FROM schema_migrations")
        with pytest.raises(SchemaBehind):
            await require_current(connection)


async def test_a_gateway_that_lacks_an_earlier_migration_is_not_ready(empty_url):
    """Numbers are given out before they are used: one may come to a database that has later ones."""
    await migrate(empty_url)
    async with Store(empty_url) as store, store.connection() as connection:
        await connection.execute("DELETE FROM schema_migrations WHERE number = 2")
        with pytest.raises(SchemaBehind):
            await require_current(connection)


async def test_a_migration_that_fails_leaves_nothing(empty_url):
    connection = await asyncpg.connect(empty_url)
    # What the first migration wants to make is in its way.
    await connection.execute("CREATE TABLE enrichments (id int)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(empty_url)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'journals'") == 0
    await connection.execute("DROP TABLE enrichments")
    assert await migrate(empty_url) == ALL
    await connection.close()
