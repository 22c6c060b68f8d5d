"""The event stream in JetStream, as a log that is read from a sequence on (`gateway.live.event_log`)."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import TypeAdapter, ValidationError

from contracts.events import JournalRef
from contracts.model import Value
from contracts.topology import EVENT_STREAM
from gateway.live.event_log import EventLogAway, LogBounds, StreamEvent
from gateway.messaging.nats_link import NatsAway, NatsLink

_TIMEOUT_S = 5.0
#: Messages asked for at once: what a reader that stops reading has on its hands.
_BATCH = 256
_HEARTBEAT_S = 0.5
#: No message and no heartbeat for so long: the consumer is gone, or the connection was another one.
_SILENCE_S = 2.0
_EXPIRES_S = 30.0
#: The server forgets a consumer that nobody asks for so long.
_INACTIVE_S = 60.0
_HEARTBEAT, _TIMED_OUT = "100", "408"
_NS = 1_000_000_000

log = structlog.get_logger()


class _Envelope(Value):
    """What is known of any event, also of a newer gateway's."""

    type: str
    data: JournalRef


_ENVELOPE = TypeAdapter(_Envelope)


class JetStreamEventLog:
    def __init__(self, link: NatsLink) -> None:
        self._link = link

    async def bounds(self) -> LogBounds:
        """Raises EventLogAway: also where there is no stream."""
        try:
            info = await self._link.client.jetstream(timeout=_TIMEOUT_S).stream_info(EVENT_STREAM)
        except (NatsAway, NatsError, TimeoutError) as error:
            raise EventLogAway(type(error).__name__) from error
        created = info.created
        epoch = f"{round(created.timestamp() * 1000):x}" if created else "0"
        # A stream that never held anything says 0 for both.
        return LogBounds(epoch, max(1, info.state.first_seq), info.state.last_seq)

    async def read(self, after: int, through: int) -> AsyncGenerator[StreamEvent]:
        """What stands behind `after`, up to `through` or to the end. Raises EventLogAway."""
        async with self._reading(after) as reader:
            while not reader.at_end:
                message = await reader.next()
                if message is None:
                    continue
                event = _event_of(message)
                if event is not None and event.sequence <= through:
                    yield event
                if message.metadata.sequence.stream >= through:
                    return

    async def follow(self, after: int) -> AsyncGenerator[StreamEvent | None]:
        """What stands behind `after` and what comes; None while nothing does. Never ends. Raises EventLogAway."""
        async with self._reading(after) as reader:
            while True:
                message = await reader.next()
                if message is None:
                    yield None
                elif (event := _event_of(message)) is not None:
                    yield event

    @asynccontextmanager
    async def _reading(self, after: int) -> AsyncGenerator["_Reader"]:
        try:
            reader = _Reader(self._link.client)
            await reader.open(after)
        except (NatsAway, NatsError, TimeoutError) as error:
            raise EventLogAway(type(error).__name__) from error
        try:
            yield reader
        finally:
            await reader.close()


class _Reader:
    """An ephemeral pull consumer of its own, whose messages come as soon as they are stored."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream(timeout=_TIMEOUT_S)
        self._inbox = client.new_inbox()
        self._messages: asyncio.Queue[Msg] = asyncio.Queue()
        self._consumer = ""
        self._asked = 0
        self._seen = 0
        self.at_end = False

    async def open(self, after: int) -> None:
        async def hear(message: Msg) -> None:
            self._messages.put_nowait(message)

        self._subscription = await self._client.subscribe(self._inbox, cb=hear)
        try:
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=_INACTIVE_S,
                num_replicas=1,
                mem_storage=True,
            )
            info = await self._jetstream.add_consumer(EVENT_STREAM, config)
        except BaseException:
            await self._subscription.unsubscribe()
            raise
        self._consumer = info.name
        self.at_end = not info.num_pending

    async def close(self) -> None:
        with suppress(NatsError, TimeoutError):
            await self._subscription.unsubscribe()
            if self._client.is_connected:
                await self._jetstream.delete_consumer(EVENT_STREAM, self._consumer)

    async def next(self) -> Msg | None:
        """None at a heartbeat.

        Raises:
            EventLogAway: it is silent, or a message is missing: read on with a new one.
        """
        if self._asked == 0:
            await self._ask()
        try:
            async with asyncio.timeout(_SILENCE_S):
                message = await self._messages.get()
        except TimeoutError:
            raise EventLogAway("silence") from None
        status = (message.headers or {}).get("Status")
        if status == _TIMED_OUT:
            self._asked = 0
            return None
        if status == _HEARTBEAT:
            return None
        if status is not None:
            raise EventLogAway(f"status {status}")
        self._asked -= 1
        self._seen += 1
        if message.metadata.sequence.consumer != self._seen:
            raise EventLogAway("gap")
        self.at_end = message.metadata.num_pending == 0
        return message

    async def _ask(self) -> None:
        request = {"batch": _BATCH, "expires": int(_EXPIRES_S * _NS), "idle_heartbeat": int(_HEARTBEAT_S * _NS)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{EVENT_STREAM}.{self._consumer}"
        try:
            await self._client.publish(subject, json.dumps(request).encode(), reply=self._inbox)
        except NatsError as error:
            raise EventLogAway(type(error).__name__) from error
        self._asked = _BATCH


def _event_of(message: Msg) -> StreamEvent | None:
    """None for what is none."""
    sequence = message.metadata.sequence.stream
    try:
        envelope = _ENVELOPE.validate_json(message.data)
        body = message.data.decode()
    except (ValidationError, UnicodeDecodeError):
        log.warning("events.undecodable", sequence=sequence)
        return None
    return StreamEvent(sequence, envelope.type, envelope.data.journal, body)
