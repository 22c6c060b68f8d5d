"""Creating, finding and removing the consumers behind queues."""

from dataclasses import replace
from typing import Any

from kombu_jetstream._connection.api import Api
from kombu_jetstream._connection.refusals import (
    CONSUMER_EXISTS,
    CONSUMER_NOT_FOUND,
    FILTER_NOT_UNIQUE,
    STREAM_NOT_FOUND,
)
from kombu_jetstream._topology.bindings import QUEUE_KEY, Binding, bindings_of, metadata_of
from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream._topology.queues import Queue
from kombu_jetstream._topology.streams import NANOSECONDS
from kombu_jetstream.errors import ApiError, TopologyMissing

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
        if queue.kind == "transient":
            await self._join(queue)
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

    async def held(self, queue: Queue) -> int:
        """How many messages workers hold, or have handed back since."""
        return sum([(await self._info(*found))["num_ack_pending"] for found in queue.consumers(self._names)])

    async def saturated(self, stream: str, consumer: str) -> bool:
        """Whether workers hold as many messages as the consumer's `max_ack_pending` allows."""
        info = await self._info(stream, consumer)
        return 0 < info["config"].get("max_ack_pending", -1) <= info["num_ack_pending"]

    async def look(self, name: str) -> int | None:
        """As `waiting`, of a queue that anyone declared; None if nobody did, or if it has expired."""
        queue = await self.find(name)
        try:
            return None if queue is None else await self.waiting(queue)
        except TopologyMissing:
            return None

    async def find(self, name: str) -> Queue | None:
        """The queue of this name as whoever declared it made it, if anyone did."""
        for kind in ("transient", "durable"):
            for prioritized in (False, True):
                queue = Queue(name=name, kind=kind, prioritized=prioritized)
                present = await self._present(queue)
                if present is not None:
                    config = present["config"]
                    queue.bindings = bindings_of(config)
                    queue.ack_wait_s = config["ack_wait"] / NANOSECONDS
                    queue.expires_ms = config.get("inactive_threshold", 0) // 1_000_000 or queue.expires_ms
                    return queue
        return None

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
            await self._api.purge(self._names.task_stream, self._names.all_later(queue.name))

    async def store_bindings(self, queue: Queue) -> None:
        """Keep a queue's bindings with its consumer, and end with it.

        Publishers read those of a durable queue there. Those of a transient queue are its filters as well.
        """
        if queue.kind == "transient":
            await self._declare(queue)
            return
        stream, name = queue.consumers(self._names)[0]
        config = (await self._info(stream, name))["config"]
        metadata = {**(config.get("metadata") or {}), **metadata_of(queue.name, queue.bindings)}
        await self._create(stream, {**config, "metadata": metadata}, "update")

    async def stored_bindings(self, queue: Queue) -> list[Binding]:
        present = await self._present(queue)
        return queue.bindings if present is None else bindings_of(present["config"])

    async def _join(self, queue: Queue) -> None:
        """Go along with what others made of a transient queue: its priorities or none, and its bindings."""
        for prioritized in (queue.prioritized, not queue.prioritized):
            present = await self._present(replace(queue, prioritized=prioritized))
            if present is not None:
                queue.prioritized = prioritized
                queue.bindings = list(dict.fromkeys([*bindings_of(present["config"]), *queue.bindings]))
                return

    async def _present(self, queue: Queue) -> dict[str, Any] | None:
        """The first of the queue's consumers, if there is one."""
        try:
            return await self._info(*queue.consumers(self._names)[0])
        except TopologyMissing:
            return None

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
        # A consumer made before there were names gets its own; bindings that others stored stay.
        wanted["metadata"] = {QUEUE_KEY: config["metadata"][QUEUE_KEY], **present.get("metadata", {})}
        if "filter_subjects" in config:
            # One filter comes back in the singular.
            wanted["filter_subjects"] = config["filter_subjects"]
            wanted.pop("filter_subject", None)
            wanted["metadata"] = {**present.get("metadata", {}), **config["metadata"]}
        return info if wanted == present else await self._create(stream, wanted, "update")

    async def _create(self, stream: str, config: dict[str, Any], action: str) -> dict[str, Any]:
        body = {"stream_name": stream, "config": config, "action": action}
        return await self._api.request(f"CONSUMER.CREATE.{stream}.{config['durable_name']}", body)

    async def _info(self, stream: str, name: str) -> dict[str, Any]:
        return await self._api.request(f"CONSUMER.INFO.{stream}.{name}")
