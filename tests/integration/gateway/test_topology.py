"""`gateway topology` makes what is declared, and nothing when it is there."""

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM, STREAMS
from gateway.messaging.topology import apply_topology


@pytest.fixture
async def jetstream(nats_server):
    client = await nats.connect(nats_server.url)
    context = client.jetstream()
    for stream in await context.streams_info():
        await context.delete_stream(stream.config.name)
    yield context
    await client.close()


async def test_a_fresh_server_gets_streams_and_consumers_and_the_second_time_nothing(jetstream):
    names = [EVENT_STREAM, *(f"{EVENT_STREAM}/{consumer.durable}" for consumer in STREAMS[0].consumers)]
    assert await apply_topology(jetstream, replicas=1) == names
    assert await apply_topology(jetstream, replicas=1) == []
    config = (await jetstream.stream_info(EVENT_STREAM)).config
    assert (config.storage, config.retention, config.duplicate_window) == ("file", "limits", 120)


async def test_what_differs_is_changed_and_an_operators_own_limit_stays(jetstream):
    old = StreamConfig(name=EVENT_STREAM, subjects=["daybook.v1.events.entry.>"], max_age=60, max_bytes=1_000_000)
    await jetstream.add_stream(old)
    durable = ConsumerConfig(durable_name=ENRICHMENT_DURABLE, ack_policy="explicit", ack_wait=5)
    await jetstream.add_consumer(EVENT_STREAM, durable)
    changed = await apply_topology(jetstream, replicas=1)
    assert {EVENT_STREAM, f"{EVENT_STREAM}/{ENRICHMENT_DURABLE}"} <= set(changed)
    config = (await jetstream.stream_info(EVENT_STREAM)).config
    assert (config.subjects, config.max_age, config.max_bytes) == (["daybook.v1.events.>"], 7 * 24 * 3600, 1_000_000)
    assert (await jetstream.consumer_info(EVENT_STREAM, ENRICHMENT_DURABLE)).config.ack_wait == 30
    assert await apply_topology(jetstream, replicas=1) == []


async def test_events_that_came_before_the_worker_reach_it(jetstream):
    await jetstream.add_stream(StreamConfig(name=EVENT_STREAM, subjects=["daybook.v1.events.>"]))
    await jetstream.publish("daybook.v1.events.entry.created", b"{}")
    await apply_topology(jetstream, replicas=1)
    assert (await jetstream.consumer_info(EVENT_STREAM, ENRICHMENT_DURABLE)).num_pending == 1
