"""What is stored is told: by several relays without repeats, and after NATS or PostgreSQL was away without loss."""

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from gateway.db.listening import listen
from gateway.db.migrations import migrate
from gateway.db.outbox import CHANNEL
from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from gateway.messaging.nats_link import NatsAway, NatsLink
from gateway.messaging.relay import OutboxRelay
from gateway.service.create_entry import create_entry
from gateway.service.put_journal import put_journal
from support.backends.nats import NatsServer, new_nats_server
from support.backends.postgres import new_postgres_server
from support.event_stream import declare_stream, repeated, stored_events
from support.eventually import eventually
from support.gateway_store import draft, holder, pending_events

#: Longer than a test takes: what moves, moves because of a notification.
NEVER_S = 600.0


@pytest.fixture
async def nats_url(nats_server: NatsServer) -> str:
    await declare_stream(nats_server.url, empty=True)
    return nats_server.url


@asynccontextmanager
async def relaying(store: Store, url: str, *, poll_s: float = NEVER_S, batch_max: int = 16):
    link = NatsLink(url, name="test-relay")
    relay = OutboxRelay(store, link, batch_max=batch_max, poll_s=poll_s)
    link.on_connected(relay.wake)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(link.run()),
            group.create_task(listen(store.url, CHANNEL, relay.wake)),
            group.create_task(relay.run()),
        ]
        try:
            yield relay
        finally:
            for task in tasks:
                task.cancel()


async def _is_empty(store: Store) -> bool:
    return not await pending_events(store)


async def _create(store, owner, count):
    return [(await create_entry(store, owner.principal, "anna", draft(f"Entry {n}"))).entry.id for n in range(count)]


async def test_a_commit_wakes_the_relay(store, owner, nats_url):
    async with relaying(store, nats_url):
        await eventually(lambda: _is_empty(store))
        (entry_id,) = await _create(store, owner, 1)
        await eventually(lambda: _is_empty(store))
    (event,) = await stored_events(nats_url)
    assert (event.type, event.data.entry_id) == ("entry.created.v1", entry_id)


async def test_two_relays_publish_each_event_once_and_in_order(store, owner, nats_url):
    async with relaying(store, nats_url), relaying(store, nats_url):
        made = await _create(store, owner, 60)
        await eventually(lambda: _is_empty(store))
    events = await stored_events(nats_url)
    assert repeated(events) == []
    assert {event.data.entry_id for event in events} == set(made)


async def test_an_event_that_is_published_again_is_stored_once(store, owner, nats_url):
    await _create(store, owner, 3)
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT event_id, subject, event FROM outbox")
    async with relaying(store, nats_url):
        await eventually(lambda: _is_empty(store))
        async with store.connection() as connection:
            # As after a crash between JetStream's acknowledgement and the commit.
            await connection.executemany(
                "INSERT INTO outbox (event_id, subject, event) VALUES ($1, $2, $3)", [tuple(row) for row in rows]
            )
            await connection.execute("NOTIFY daybook_outbox")
        await eventually(lambda: _is_empty(store))
    assert len(await stored_events(nats_url)) == 3


async def test_nothing_is_lost_while_nats_is_away(store, owner, servers_dir):
    with new_nats_server(servers_dir / f"nats-{uuid4().hex}") as server:
        await declare_stream(server.url)
        async with relaying(store, server.url):
            first = await _create(store, owner, 5)
            await eventually(lambda: _is_empty(store))
            server.stop()
            missed = await _create(store, owner, 20)
            assert len(await pending_events(store)) == 20
            server.start()
            await eventually(lambda: _is_empty(store), within_s=30)
        events = await stored_events(server.url)
    assert [event.data.entry_id for event in events] == [*first, *missed]


async def test_a_gateway_that_starts_before_nats_relays_when_it_is_there(store, owner, servers_dir):
    server = new_nats_server(servers_dir / f"nats-{uuid4().hex}")
    async with relaying(store, server.url):
        made = await _create(store, owner, 3)
        with server:
            await declare_stream(server.url)
            await eventually(lambda: _is_empty(store), within_s=30)
            assert [event.data.entry_id for event in await stored_events(server.url)] == made


async def test_events_wait_for_a_stream_that_nobody_has_made_yet(store, owner, servers_dir):
    with new_nats_server(servers_dir / f"nats-{uuid4().hex}") as server:
        async with relaying(store, server.url):
            await _create(store, owner, 2)
            await asyncio.sleep(0)
            assert len(await pending_events(store)) == 2
            await declare_stream(server.url)
            await eventually(lambda: _is_empty(store), within_s=30)
        assert len(await stored_events(server.url)) == 2


async def test_the_relay_goes_on_after_postgresql_was_restarted(servers_dir, nats_url):
    with new_postgres_server(servers_dir / f"postgres-{uuid4().hex}", durable=False) as server:
        await migrate(server.url)
        async with Store(server.url) as store, relaying(store, nats_url):
            owner = await holder(store, "write")
            await put_journal(store, owner.principal, "anna")
            await _create(store, owner, 2)
            await eventually(lambda: _is_empty(store))
            server.stop()
            server.start()
            await eventually(lambda: _answers(store))
            await _create(store, owner, 2)
            await eventually(lambda: _is_empty(store), within_s=30)
    assert len(await stored_events(nats_url)) == 4


async def test_a_relay_that_is_stopped_first_tells_what_is_there(store, owner, nats_url):
    link = NatsLink(nats_url, name="test-relay")
    relay = OutboxRelay(store, link, batch_max=4, poll_s=NEVER_S)
    linking = asyncio.create_task(link.run())
    await eventually(lambda: _is_connected(link))
    await _create(store, owner, 10)
    relay.stop()
    await asyncio.wait_for(relay.run(), 10)
    assert len(await stored_events(nats_url)) == 10
    linking.cancel()
    await asyncio.wait([linking])


async def test_a_relay_that_is_stopped_without_nats_leaves_the_rest_for_later(store, owner):
    relay = OutboxRelay(store, NatsLink("nats://127.0.0.1:1", name="test"), batch_max=4, poll_s=NEVER_S)
    await _create(store, owner, 2)
    relay.stop()
    await asyncio.wait_for(relay.run(), 10)
    assert len(await pending_events(store)) == 2
    with pytest.raises(NatsAway):
        await relay.relay_batch()


async def _answers(store: Store) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


async def _is_connected(link: NatsLink) -> bool:
    try:
        await link.ping()
    except NatsAway:
        return False
    return True
