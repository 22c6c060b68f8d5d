"""How far the workers are with the events, by JetStream's own account: it is known while no worker lives, too."""

import asyncio
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.topology import STREAMS, ConsumerSpec
from gateway.messaging.oldest_message import oldest_s


@dataclass(frozen=True)
class EventBacklog:
    """Of one durable consumer of an event stream."""

    durable: str
    #: Delivered to nobody yet.
    waiting: int
    #: Delivered, and not acknowledged: a worker has them, or had.
    held: int
    #: Pulls that wait for an event: 0 means that no worker has room, or that there is none.
    open_pulls: int
    #: Since the oldest one was stored that is not acknowledged; 0 where there is none.
    oldest_s: float


async def event_backlogs(jetstream: JetStreamContext) -> list[EventBacklog]:
    """Of each durable of the topology that is there.

    Raises:
        nats.errors.Error: JetStream did not answer, or refused.
    """
    found = await asyncio.gather(*(_backlog(jetstream, s.name, spec) for s in STREAMS for spec in s.consumers))
    return [backlog for backlog in found if backlog is not None]


async def _backlog(jetstream: JetStreamContext, stream: str, spec: ConsumerSpec) -> EventBacklog | None:
    try:
        info = await jetstream.consumer_info(stream, spec.durable)
    except NotFoundError:
        return None
    waiting, held = info.num_pending or 0, info.num_ack_pending or 0
    after = info.ack_floor.stream_seq if info.ack_floor else 0
    waited_s = await oldest_s(jetstream, stream, after, spec.filter_subjects) if waiting or held else 0.0
    return EventBacklog(spec.durable, waiting, held, info.num_waiting or 0, waited_s)
