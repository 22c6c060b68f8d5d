"""The gateway's login is enough for all that the gateway asks of JetStream: its own code runs against it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import kombu
import nats
import pytest
from nats.errors import Error as NatsError

import kombu_jetstream
from contracts import subjects
from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM, TASK_STREAM
from devstack.permissions import ENRICHMENT, GATEWAY, TASK_PREFIX, inbox_of, new_passwords, stack_users
from gateway.messaging.event_backlog import event_backlogs
from gateway.messaging.event_log import JetStreamEventLog
from gateway.messaging.nats_link import NatsAway, NatsLink
from gateway.messaging.task_queues import task_queues
from gateway.messaging.topology import apply_topology
from support.container_nats import ContainerNats
from support.eventually import eventually

SUBJECT = subjects.event_subject("entry.created.v1")
EVENT = b'{"id": "1", "type": "entry.created.v1", "data": {"journal": "me"}}'


@pytest.fixture(scope="module")
def server(servers_dir):
    with ContainerNats(servers_dir / "gateway-login", users=stack_users(new_passwords())) as running:
        yield running


async def test_topology_is_made_changed_and_left_alone(server):
    client = await nats.connect(server.url_of(GATEWAY), error_cb=_fail)
    try:
        jetstream = client.jetstream(timeout=10)
        assert await apply_topology(jetstream, replicas=1)
        assert await apply_topology(jetstream, replicas=1) == []
        there = (await jetstream.stream_info(EVENT_STREAM)).config
        await jetstream.update_stream(replace(there, max_age=3600.0))
        assert await apply_topology(jetstream, replicas=1) == [EVENT_STREAM]
    finally:
        await client.close()


async def test_events_are_published_read_followed_and_the_readers_taken_away(server):
    link = NatsLink(server.url_of(GATEWAY), name="test-login")
    running = asyncio.create_task(link.run())
    try:
        await eventually(lambda: _connected(link))
        jetstream = link.client.jetstream(timeout=10)
        await apply_topology(jetstream, replicas=1)
        for _ in range(3):
            await jetstream.publish(SUBJECT, EVENT, stream=EVENT_STREAM)
        log = JetStreamEventLog(link)
        bounds = await log.bounds()
        read = [event.sequence async for event in log.read(bounds.last - 3, bounds.last)]
        assert read == [bounds.last - 2, bounds.last - 1, bounds.last]
        following = log.follow(bounds.last - 1)
        event = await anext(following)
        assert event is not None
        assert event.sequence == bounds.last
        await following.aclose()
        state = (await jetstream.stream_info(EVENT_STREAM)).state
        assert state.consumer_count == 2, "the readers' consumers are gone, those of the workers are there"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_its_metrics_tell_of_the_workers_may_be_read(server):
    link = NatsLink(server.url_of(GATEWAY), name="test-login")
    running = asyncio.create_task(link.run())
    try:
        await eventually(lambda: _connected(link))
        jetstream = link.client.jetstream(timeout=10)
        await apply_topology(jetstream, replicas=1)
        await jetstream.publish(SUBJECT, EVENT, stream=EVENT_STREAM)
        backlogs = {backlog.durable: backlog for backlog in await event_backlogs(jetstream)}
        assert backlogs[ENRICHMENT_DURABLE].waiting >= 1
        assert backlogs[ENRICHMENT_DURABLE].oldest_s > 0
        assert backlogs[ENRICHMENT_DURABLE].open_pulls == 0, "no worker is there"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_waits_in_the_task_queues_may_be_seen_and_not_taken(server):
    client = await nats.connect(server.url_of(GATEWAY), error_cb=_ignore)
    try:
        jetstream = client.jetstream(timeout=1)
        await asyncio.to_thread(_order_tasks, server.url_of(ENRICHMENT))
        plain, urgent = await task_queues(jetstream)
        assert (plain.name, plain.waiting, plain.held, plain.open_pulls) == ("enrichment.mood", 2, 0, 0)
        assert (urgent.name, urgent.waiting) == ("insights.report", 2), "of both priorities"
        assert 0 < plain.oldest_s < 60
        consumer = (await jetstream.consumers_info(TASK_STREAM))[0].name
        with pytest.raises(NatsError):
            await jetstream.delete_consumer(TASK_STREAM, consumer)
        with pytest.raises(NatsError):
            await jetstream.purge_stream(TASK_STREAM)
        await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{TASK_STREAM}.{consumer}", b"1", reply="_INBOX.taken")
        await client.flush()
        assert [queue.waiting for queue in await task_queues(jetstream)] == [2, 2]
    finally:
        await client.close()


def _order_tasks(url: str) -> None:
    options = {"prefix": TASK_PREFIX, "inbox_prefix": inbox_of(ENRICHMENT)}
    kombu_jetstream.register()
    with kombu.Connection(url, transport_options=options) as connection:
        for name, priorities in (("enrichment.mood", (0, 0)), ("insights.report", (0, 9))):
            queue = kombu.Queue(name, max_priority=9 if name == "insights.report" else None)
            for priority in priorities:
                connection.Producer().publish(
                    {}, routing_key=name, exchange="", declare=[queue], priority=priority, retry=False
                )


async def _connected(link: NatsLink) -> bool:
    with suppress(NatsAway):
        return link.client.is_connected
    return False


async def _fail(error: Exception) -> None:
    pytest.fail(str(error))


async def _ignore(_error: Exception) -> None:
    """What is refused is told here, too."""
