"""While an upgrade rolls, gateways of the version before serve over a schema that is one migration ahead of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

import asyncpg
import httpx

from gateway.db.migrations import migrate, migrations, require_current
from gateway.db.store import Store
from support.event_stream import declare_stream
from support.eventually import eventually
from support.gateway_process import GatewayProcess, gateway_env


async def _move_ahead(url: str) -> None:
    """As a migration of a later version that adds what it may: here a column to each table, and a table."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in tables:
                await connection.execute(f"ALTER TABLE {table} ADD COLUMN of_a_later_version text DEFAULT 'x'")
            await connection.execute("CREATE TABLE of_a_later_version (id uuid PRIMARY KEY)")
            await connection.execute("INSERT INTO schema_migrations (number, name) VALUES (9999, '9999_later')")
    finally:
        await connection.close()


@asynccontextmanager
async def _serving(env: dict[str, str], tmp_path, headers: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    with GatewayProcess(env, tmp_path / "log") as process:
        async with httpx.AsyncClient(base_url=process.url, headers=headers, trust_env=False, timeout=20) as client:
            yield client


async def _columns(url: str) -> dict[str, list[str]]:
    """Of the results of every query there is."""
    connection = await asyncpg.connect(url)
    try:
        prepared = {name: await connection.prepare(sql) for name, sql in _queries().items()}
        return {name: [column.name for column in each.get_attributes()] for name, each in prepared.items()}
    finally:
        await connection.close()


def _queries() -> dict[str, str]:
    files = [file for file in resources.files("gateway.db").joinpath("sql").iterdir() if file.name.endswith(".sql")]
    blocks = [block.partition("\n") for file in files for block in file.read_text().split("-- name: ")[1:]]
    return {name: sql for name, _, sql in blocks}


async def _use(client: httpx.AsyncClient) -> list[int]:
    """Most of what a client does with entries, some of it side by side so that several connections are in use."""
    created = await asyncio.gather(*(client.post("/v1/journals/anna/entries", json={"body": "x"}) for _ in range(6)))
    address = f"/v1/journals/anna/entries/{created[0].json().get('id')}"
    answers = [
        *created,
        await client.put(address, json={"body": "y"}, headers={"If-Match": '"1"'}),
        await client.get(address),
        await client.post(f"{address}/reflection"),
        await client.get("/v1/journals/anna/entries"),
        await client.post("/v1/journals/anna/insights", json={"from": "2026-01-01", "to": "2026-01-07"}),
        await client.delete(address),
    ]
    return [answer.status_code for answer in answers]


async def test_a_query_gives_the_same_columns_when_its_tables_have_more(database_url):
    """PostgreSQL refuses a prepared query whose columns have changed, and within a transaction nothing mends that."""
    before = await _columns(database_url)
    await _move_ahead(database_url)
    after = await _columns(database_url)
    assert [name for name, columns in after.items() if columns != before[name]] == []


async def test_a_gateway_goes_on_over_a_schema_that_moves_ahead_under_it(database_url, nats_server, owner, tmp_path):
    await declare_stream(nats_server.url)
    async with _serving(gateway_env(database_url, nats_server.url), tmp_path, owner.headers) as client:
        before = await _use(client)
        assert max(before) < 300, before
        await _move_ahead(database_url)
        assert await _use(client) == before
        assert (await client.get("/readyz")).status_code == 200


async def test_what_a_later_version_applied_is_nothing_that_is_missing(database_url):
    await _move_ahead(database_url)
    async with Store(database_url) as store, store.connection() as connection:
        await require_current(connection)
    # Nor does a migration of the version before undo it, or fail.
    assert await migrate(database_url) == []
    assert 9999 not in {migration.number for migration in migrations()}


async def test_a_migration_that_waits_for_a_table_does_not_hold_up_those_who_use_it(database_url):
    """A query behind a waiting change of a table waits as long: gateways would give up after five seconds."""
    connections = [await asyncpg.connect(database_url) for _ in range(2)]
    reader, other = connections
    try:
        await reader.execute("ALTER TABLE entries DROP COLUMN own_mood")
        await reader.execute("DELETE FROM schema_migrations WHERE number = 7")
        transaction = reader.transaction()
        await transaction.start()
        await reader.execute("SELECT FROM entries")
        migrating = asyncio.create_task(migrate(database_url))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'entries'::regclass"
        await eventually(lambda: other.fetchval(waiting))
        await other.execute("SELECT FROM entries", timeout=4)
        assert not migrating.done()
        await transaction.commit()
        assert await migrating == ["0007_own_moods"]
    finally:
        for connection in connections:
            await connection.close()
