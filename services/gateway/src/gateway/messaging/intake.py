"""Taking requests from NATS, and stopping without leaving one unanswered."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from faststream.nats import NatsBroker
from faststream.nats.subscriber.usecases import ConcurrentCoreSubscriber
from nats.errors import Error as NatsError

_TURN_S = 0.01

log = structlog.get_logger()


@asynccontextmanager
async def nats_intake(broker: NatsBroker, *, grace_s: float) -> AsyncGenerator[None, None]:
    """Requests are answered inside the block. Leaving it takes no more, answers what came, then closes the connection.

    Entering does not wait for NATS: the broker connects when there is one.
    """
    async with asyncio.TaskGroup() as group:
        starting = group.create_task(broker.start())
        try:
            yield
        finally:
            starting.cancel()
            try:
                async with asyncio.timeout(grace_s):
                    await drain(broker)
            except TimeoutError:
                log.warning("nats.drain_cut_short", grace_s=grace_s)
            except NatsError as error:
                log.warning("nats.drain_failed", reason=type(error).__name__)
            await _close(broker)


async def drain(broker: NatsBroker) -> None:
    """Returns when nothing that the server has sent is unanswered. No more is taken meanwhile.

    FastStream's own stop would drop what waits in its queue: it only waits for handlers that have begun.

    Raises:
        nats.errors.Error: the connection is away, and with it whoever waits for an answer.
    """
    subscribers = [one for one in broker.subscribers if isinstance(one, ConcurrentCoreSubscriber) and one.subscription]
    await asyncio.gather(*(one.subscription.drain() for one in subscribers if one.subscription))
    for one in subscribers:
        one.subscription = None  # It is gone, and FastStream would give it back once more.
    idle_turns = 0
    # Twice, because a message taken from the queue holds no worker until its task has had a turn.
    while idle_turns < 2:  # noqa: PLR2004 - as said above
        is_idle = all(
            one.receive_stream.statistics().current_buffer_used == 0 and one.limiter.value == one.max_workers
            for one in subscribers
        )
        idle_turns = idle_turns + 1 if is_idle else 0
        await asyncio.sleep(_TURN_S)


async def _close(broker: NatsBroker) -> None:
    try:
        await broker.stop()
    except* NatsError as errors:  # There is no connection that could be closed in order.
        log.warning("nats.close_failed", reasons=sorted({type(error).__name__ for error in errors.exceptions}))
