"""Creating, finding and removing the consumers behind queues."""

import json
from typing import Any

from kombu_jetstream._api import CONSUMER_EXISTS, CONSUMER_NOT_FOUND, FILTER_NOT_UNIQUE, STREAM_NOT_FOUND, Api
from kombu_jetstream._naming import Names, token
from kombu_jetstream._options import TransportOptions
from kombu_jetstream._queue import Queue
from kombu_jetstream._topology import NANOSECONDS
from kombu_jetstream.errors import ApiError, TopologyMissing

QUEUE_KEY = "kombu.queue"
BINDINGS_KEY = "kombu.bindings"

#: What a later declaration may change on an existing consumer of a durable queue.
_ADJUSTABLE = ("ack_wait", "max_deliver", "max_ack_pending")


class Consumers:
    """Lives on the io thread."""

    def __init__(self, api: Api, names: Names, options: TransportOptions) -> None:
        self._api = api
        self._names = names
        self._options = options

    async def declare(self, queue: Queue) -> int:
        """Make the queue's consumers exist; returns how many messages wait. A foreign queue is only looked up.

        Raises:
            TopologyMissing: the stream, or a foreign queue's consumer, is not there.
        """
        try:
            return await self._declare(queue)
        except ApiError as error:
            if error.err_code != FILTER_NOT_UNIQUE:
                raise
            # Another process declared the queue with the other setting of x-max-priority: go along with it.
            queue.prioritized = not queue.prioritized
            return await self._declare(queue)

    async def waiting(self, queue: Queue) -> int:
        """How many messages wait for a worker; those that workers hold are not counted."""
        return sum([(await self._info(*found))["num_pending"] for found in queue.consumers(self._names)])

    async def exists(self, queue: str) -> bool:
        """Whether a queue of this name was declared by anyone."""
        names = self._names
        candidates = [Queue(name=queue, kind="durable"), Queue(name=queue, kind="durable", prioritized=True)]
        for found in [(names.transient_stream, token(queue)), *(kind.consumers(names)[0] for kind in candidates)]:
            try:
                await self._info(*found)
            except TopologyMissing:
                continue
            return True
        return False

    async def remove(self, queue: Queue) -> None:
        """Delete the queue with everything in it. A foreign queue is left alone."""
        if queue.kind == "foreign":
            return
        for stream, name in queue.consumers(self._names):
            try:
                await self._api.request(f"CONSUMER.DELETE.{stream}.{name}")
            except ApiError as error:
                if error.err_code not in {CONSUMER_NOT_FOUND, STREAM_NOT_FOUND}:
                    raise
        if queue.kind == "durable":
            await self._api.purge(self._names.task_stream, self._names.task(queue.name, "*"))
            await self._api.purge(self._names.task_stream, self._names.later(queue.name, "*"))

    async def store_bindings(self, queue: Queue) -> None:
        """Keep a durable queue's bindings with its consumer: every publisher finds them there, and they end with it."""
        stream, name = queue.consumers(self._names)[0]
        config = (await self._info(stream, name))["config"]
        metadata = {QUEUE_KEY: queue.name, BINDINGS_KEY: json.dumps(queue.bindings)}
        await self._create(stream, {**config, "metadata": {**(config.get("metadata") or {}), **metadata}}, "update")

    async def stored_bindings(self, queue: Queue) -> list[tuple[str, str, str]]:
        return bindings_of((await self._info(*queue.consumers(self._names)[0]))["config"])

    async def _declare(self, queue: Queue) -> int:
        if queue.kind == "foreign":
            infos = [await self._info(queue.stream, queue.durable)]
        else:
            configs = queue.consumer_configs(self._names, self._options)
            infos = [await self._create_or_adjust(stream, config) for stream, config in configs]
        queue.ack_wait_s = infos[0]["config"]["ack_wait"] / NANOSECONDS
        return sum(info["num_pending"] for info in infos)

    async def _create_or_adjust(self, stream: str, config: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._create(stream, config, "create")
        except ApiError as error:
            if error.err_code != CONSUMER_EXISTS:
                raise
        info = await self._info(stream, config["durable_name"])
        present = info["config"]
        wanted = {**present, **{key: config[key] for key in _ADJUSTABLE}}
        if "filter_subjects" in config:
            # A transient queue is its declarer's own, so ours is the truth. One filter comes back in the singular.
            wanted["filter_subjects"] = config["filter_subjects"]
            wanted.pop("filter_subject", None)
        return info if wanted == present else await self._create(stream, wanted, "update")

    async def _create(self, stream: str, config: dict[str, Any], action: str) -> dict[str, Any]:
        body = {"stream_name": stream, "config": config, "action": action}
        try:
            return await self._api.request(f"CONSUMER.CREATE.{stream}.{config['durable_name']}", body)
        except ApiError as error:
            raise _missing(error, stream, config["durable_name"]) from error

    async def _info(self, stream: str, name: str) -> dict[str, Any]:
        try:
            return await self._api.request(f"CONSUMER.INFO.{stream}.{name}")
        except ApiError as error:
            raise _missing(error, stream, name) from error


def bindings_of(config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The bindings kept in a consumer's metadata."""
    stored = json.loads((config.get("metadata") or {}).get(BINDINGS_KEY, "[]"))
    return [(exchange, kind, routing_key) for exchange, kind, routing_key in stored]


def _missing(error: ApiError, stream: str, consumer: str) -> ApiError:
    if error.err_code == STREAM_NOT_FOUND:
        return TopologyMissing(error, f"stream {stream}", "apply stream_specs(prefix) or allow create_streams")
    if error.err_code == CONSUMER_NOT_FOUND:
        return TopologyMissing(error, f"consumer {consumer} of stream {stream}", "whoever owns the stream creates it")
    return error
