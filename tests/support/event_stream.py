"""What the event stream of a NATS server holds."""

from collections import Counter

import nats

from contracts.events import DomainEvent, parse_event
from contracts.topology import EVENT_STREAM
from gateway.messaging.topology import apply_topology


async def stored_events(url: str) -> list[DomainEvent]:
    """Every event in the stream, in its order."""
    client = await nats.connect(url)
    try:
        jetstream = client.jetstream()
        state = (await jetstream.stream_info(EVENT_STREAM)).state
        messages = [
            await jetstream.get_msg(EVENT_STREAM, seq) for seq in range(max(1, state.first_seq), state.last_seq + 1)
        ]
        return [parse_event(message.data or b"") for message in messages]
    finally:
        await client.close()


async def declare_stream(url: str, *, empty: bool = False) -> None:
    """Have the declared topology; `empty`: with nothing in it."""
    client = await nats.connect(url)
    try:
        jetstream = client.jetstream()
        await apply_topology(jetstream, replicas=1)
        if empty:
            await jetstream.purge_stream(EVENT_STREAM)
    finally:
        await client.close()


def repeated(events: list[DomainEvent]) -> list[object]:
    return [event_id for event_id, count in Counter(event.id for event in events).items() if count > 1]
