"""The order of docs/operations.md for a new password of PostgreSQL and of NATS: what is cut, and what is not."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import asyncpg
import httpx
import pytest

from gateway.db.migrations import migrate
from gateway.db.store import Store
from support.backends.nats import new_nats_server
from support.enrichment import USER
from support.event_stream import declare_stream, stored_events
from support.eventually import wait_until
from support.gateway_process import GatewayProcess, gateway_env
from support.gateway_store import holder

pytestmark = pytest.mark.soak


async def _role(url, name, password):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    finally:
        await connection.close()


async def _change(url, name, password):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
    finally:
        await connection.close()


async def _prepared(url):
    await migrate(url)
    async with Store(url) as store:
        return await holder(store, "read", "write", "admin")


def _post(gateway, owner):
    answer = httpx.post(
        f"{gateway.url}/v1/journals/anna/entries",
        json={"body": "Rain."},
        headers=owner.headers,
        trust_env=False,
        timeout=20,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def _journal(gateway, owner):
    httpx.put(f"{gateway.url}/v1/journals/anna", headers=owner.headers, trust_env=False, timeout=20).raise_for_status()


@pytest.fixture
def role(postgres_server):
    """A login of its own on the shared server: its name and how its URL goes with a password."""
    name = f"rotated_{uuid4().hex[:8]}"
    asyncio.run(_role(postgres_server.url, name, "old"))
    yield name, lambda password: f"postgresql://{name}:{password}@127.0.0.1:{postgres_server.port}/{name}"
    asyncio.run(_drop(postgres_server.url, name))


async def _drop(url, name):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.execute(f"DROP ROLE {name}")
    finally:
        await connection.close()


def test_open_connections_outlive_a_new_database_password_until_the_gateway_is_started_with_it(
    role, postgres_server, nats_server, tmp_path
):
    name, url_with = role
    owner = asyncio.run(_prepared(url_with("old")))
    with GatewayProcess(gateway_env(url_with("old"), nats_server.url), tmp_path / "old.log") as gateway:
        _journal(gateway, owner)
        asyncio.run(_change(postgres_server.url, name, "new"))
        _post(gateway, owner)
    with GatewayProcess(gateway_env(url_with("old"), nats_server.url), tmp_path / "late.log") as gateway:
        late = httpx.get(f"{gateway.url}/v1/journals", headers=owner.headers, trust_env=False, timeout=20)
        # As while PostgreSQL is away: clients come again, and the right password is soon there.
        assert (late.status_code, late.headers["retry-after"].isdigit()) == (503, True)
    with GatewayProcess(gateway_env(url_with("new"), nats_server.url), tmp_path / "new.log") as gateway:
        _post(gateway, owner)


def test_entries_are_taken_while_nats_has_a_new_password_and_the_gateway_the_old_one(database_url, tmp_path):
    old, new = replace(USER, password="old"), replace(USER, password="new")
    server = new_nats_server(tmp_path / "nats", users=(old,))
    with server:
        asyncio.run(declare_stream(server.url_of(USER.name)))
        owner = asyncio.run(_prepared(database_url))
        with GatewayProcess(gateway_env(database_url, server.url_of(USER.name)), tmp_path / "old.log") as gateway:
            _journal(gateway, owner)
            server.stop()
            server._users = (new,)
            server.start()
            entry_id = _post(gateway, owner)
        with GatewayProcess(gateway_env(database_url, server.url_of(USER.name)), tmp_path / "new.log"):
            wait_until(lambda: entry_id in _told(server))


def _told(server):
    return {str(event.data.entry_id) for event in asyncio.run(stored_events(server.url_of(USER.name)))}
