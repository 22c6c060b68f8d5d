"""`contracts.topology` made true on a NATS server, as often as one likes."""

from dataclasses import replace
from typing import Any

import structlog
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from contracts.topology import STREAMS, ConsumerSpec, StreamSpec

log = structlog.get_logger()


async def apply_topology(jetstream: JetStreamContext, *, replicas: int) -> list[str]:
    """Have the declared streams and durable consumers; the names of those that were made or changed.

    What is there besides is left alone. A change that the server cannot make in place (storage, retention) raises.

    Raises:
        nats.errors.Error: JetStream is off, the login may not do this, or the server refuses the change.
    """
    changed: list[str] = []
    for stream in STREAMS:
        if await _apply_stream(jetstream, stream, replicas):
            changed.append(stream.name)
        changed += [
            f"{stream.name}/{consumer.durable}"
            for consumer in stream.consumers
            if await _apply_consumer(jetstream, stream.name, consumer, replicas)
        ]
    for name in changed:
        log.info("topology.applied", name=name)
    return changed


async def topology_faults(jetstream: JetStreamContext, *, replicas: int) -> list[str]:
    """What `apply_topology` would change, in words; nothing is changed.

    Raises:
        nats.errors.Error: JetStream is off, or the login may not look.
    """
    faults: list[str] = []
    for stream in STREAMS:
        try:
            there: Any = (await jetstream.stream_info(stream.name)).config
        except NotFoundError:
            faults.append(f"stream {stream.name} is missing")
            continue
        faults += _differences(f"stream {stream.name}", there, _wanted_of_stream(stream, replicas))
        for consumer in stream.consumers:
            name = f"consumer {stream.name}/{consumer.durable}"
            try:
                there = (await jetstream.consumer_info(stream.name, consumer.durable)).config
            except NotFoundError:
                faults.append(f"{name} is missing")
                continue
            faults += _differences(name, there, _wanted_of_consumer(consumer, replicas))
    return faults


def _differences(name: str, there: Any, wanted: dict[str, Any]) -> list[str]:
    fields = [field for field, value in wanted.items() if getattr(there, field) != value]
    return [f"{name} differs in {', '.join(fields)}"] if fields else []


def _wanted_of_stream(spec: StreamSpec, replicas: int) -> dict[str, Any]:
    return {
        "subjects": list(spec.subjects),
        "retention": RetentionPolicy.LIMITS,
        "storage": StorageType.FILE,
        "max_age": spec.max_age_s,
        "duplicate_window": spec.duplicate_window_s,
        "num_replicas": replicas,
    }


def _wanted_of_consumer(spec: ConsumerSpec, replicas: int) -> dict[str, Any]:
    return {
        "filter_subjects": list(spec.filter_subjects),
        "ack_policy": AckPolicy.EXPLICIT,
        "ack_wait": spec.ack_wait_s,
        "max_ack_pending": spec.max_ack_pending,
        "max_deliver": spec.max_deliver,
        "num_replicas": replicas,
    }


async def _apply_stream(jetstream: JetStreamContext, spec: StreamSpec, replicas: int) -> bool:
    wanted = _wanted_of_stream(spec, replicas)
    try:
        there = (await jetstream.stream_info(spec.name)).config
    except NotFoundError:
        await jetstream.add_stream(StreamConfig(name=spec.name, **wanted))
        return True
    if all(getattr(there, field) == value for field, value in wanted.items()):
        return False
    # From what is there, so that an operator's own limits stay.
    await jetstream.update_stream(replace(there, **wanted))
    return True


async def _apply_consumer(jetstream: JetStreamContext, stream: str, spec: ConsumerSpec, replicas: int) -> bool:
    wanted = _wanted_of_consumer(spec, replicas)
    try:
        there = (await jetstream.consumer_info(stream, spec.durable)).config
    except NotFoundError:
        # From the first event that is kept: entries may come before their workers do.
        fresh = ConsumerConfig(durable_name=spec.durable, deliver_policy=DeliverPolicy.ALL, **wanted)
        await jetstream.add_consumer(stream, fresh)
        return True
    if all(getattr(there, field) == value for field, value in wanted.items()):
        return False
    await jetstream.add_consumer(stream, replace(there, **wanted))
    return True
