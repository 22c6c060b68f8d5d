"""The tasks of the workers as they wait, by JetStream's own account. Nothing is read of them but when they came."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from contracts.topology import TASK_STREAM
from gateway.messaging.oldest_message import oldest_s

#: Where a consumer's metadata have the name of its queue; a queue with priorities has several consumers.
_QUEUE = "kombu.queue"


@dataclass(frozen=True)
class TaskQueue:
    name: str
    #: Delivered to nobody yet.
    waiting: int
    #: Delivered, and not settled: workers have them, or had.
    held: int
    #: Pulls that wait for a task: 0 means that no worker has room, or that none takes this queue's.
    open_pulls: int
    #: Since the oldest one was stored that waits; 0 where there is none.
    oldest_s: float


async def task_queues(jetstream: JetStreamContext) -> list[TaskQueue]:
    """Of every queue that a worker declared, by name. None where tasks go over another broker.

    Raises:
        nats.errors.Error: JetStream did not answer, or refused.
    """
    try:
        consumers = await jetstream.consumers_info(TASK_STREAM)
    except NotFoundError:
        return []
    by_queue: dict[str, list[ConsumerInfo]] = defaultdict(list)
    for consumer in consumers:
        by_queue[(consumer.config.metadata or {}).get(_QUEUE, consumer.name)].append(consumer)
    return [await _queue(jetstream, name, found) for name, found in sorted(by_queue.items())]


async def _queue(jetstream: JetStreamContext, name: str, consumers: list[ConsumerInfo]) -> TaskQueue:
    ages = await asyncio.gather(*(_waited_s(jetstream, each) for each in consumers if each.num_pending))
    return TaskQueue(
        name,
        waiting=sum(each.num_pending or 0 for each in consumers),
        held=sum(each.num_ack_pending or 0 for each in consumers),
        open_pulls=sum(each.num_waiting or 0 for each in consumers),
        oldest_s=max(ages, default=0.0),
    )


async def _waited_s(jetstream: JetStreamContext, consumer: ConsumerInfo) -> float:
    after = consumer.delivered.stream_seq if consumer.delivered else 0
    return await oldest_s(jetstream, TASK_STREAM, after, [consumer.config.filter_subject or ">"])
