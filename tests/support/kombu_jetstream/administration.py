"""What an operator does before workers come: streams, durables, events, and a look at what is left."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

import kombu_jetstream


def as_operator(url: str, work: Callable[[JetStreamContext], Awaitable[Any]]) -> Any:
    """The result of `work(jetstream)` over a connection of its own."""

    async def run() -> Any:
        connection = await nats.connect(url.rpartition("/")[0])
        try:
            return await work(connection.jetstream())
        finally:
            await connection.close()

    return asyncio.run(run())


def create_events(url: str, stream: str, durable: str, subject: str, *, ack_wait_s: float = 2) -> None:
    async def work(jetstream: JetStreamContext) -> None:
        await jetstream.add_stream(StreamConfig(name=stream, subjects=[f"{subject}.>"]))
        policy = AckPolicy.EXPLICIT
        await jetstream.add_consumer(
            stream, ConsumerConfig(durable_name=durable, ack_policy=policy, ack_wait=ack_wait_s, max_deliver=-1)
        )

    as_operator(url, work)


def create_task_streams(url: str, prefix: str, **changes: object) -> None:
    """From `stream_specs` alone, as a program without kombu would; `changes` are to the task stream's configuration."""

    async def work(jetstream: JetStreamContext) -> None:
        for spec in kombu_jetstream.stream_specs(prefix):
            config = spec.config() | (changes if spec.retention == "workqueue" else {})
            request = json.dumps(config).encode()
            answer = await jetstream._nc.request(f"$JS.API.STREAM.CREATE.{spec.name}", request, timeout=5)
            assert "error" not in json.loads(answer.data), answer.data

    as_operator(url, work)


def publish_events(url: str, subject: str, events: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
    async def work(jetstream: JetStreamContext) -> None:
        for event in events:
            await jetstream.publish(subject, json.dumps(event).encode(), headers=headers)

    as_operator(url, work)


def consumer_state(url: str, stream: str, durable: str) -> tuple[int, int, str]:
    """(waiting, unsettled, whole configuration) of a consumer."""

    async def work(jetstream: JetStreamContext) -> tuple[int, int, str]:
        info = await jetstream.consumer_info(stream, durable)
        return info.num_pending, info.num_ack_pending, repr(info.config)

    return as_operator(url, work)


def consumer_deliveries(url: str, stream: str, durable: str) -> int:
    """How often a consumer delivered anything, each message as often as it was delivered."""

    async def work(jetstream: JetStreamContext) -> int:
        return (await jetstream.consumer_info(stream, durable)).delivered.consumer_seq

    return as_operator(url, work)


def is_empty(url: str, stream: str) -> bool:
    """Whether nothing is left in a work queue: then nothing can run any more, not even again."""

    async def work(jetstream: JetStreamContext) -> bool:
        return (await jetstream.stream_info(stream)).state.messages == 0

    return as_operator(url, work)


def last_sequence(url: str, stream: str) -> int:
    """How many messages the stream ever stored."""

    async def work(jetstream: JetStreamContext) -> int:
        return (await jetstream.stream_info(stream)).state.last_seq

    return as_operator(url, work)


def count_messages(url: str, stream: str, pattern: str) -> int:
    """How many messages of `stream` rest under subjects that match."""

    async def work(jetstream: JetStreamContext) -> int:
        return sum(((await jetstream.stream_info(stream, subjects_filter=pattern)).state.subjects or {}).values())

    return as_operator(url, work)


def count_subjects(url: str, stream: str, pattern: str) -> int:
    """How many subjects of `stream` that match hold a message."""

    async def work(jetstream: JetStreamContext) -> int:
        return len((await jetstream.stream_info(stream, subjects_filter=pattern)).state.subjects or {})

    return as_operator(url, work)
