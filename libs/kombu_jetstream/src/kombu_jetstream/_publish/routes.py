"""Which durable queues a message to a named exchange goes to."""

import time

from kombu_jetstream._connection.api import Api
from kombu_jetstream._topology.bindings import QUEUE_KEY, Binding, bindings_of, matches
from kombu_jetstream._topology.naming import Names


class Routes:
    """The bindings of all durable queues, read from their consumers at most every `cache_s`. Lives on the io thread."""

    def __init__(self, api: Api, names: Names, cache_s: float) -> None:
        self._api = api
        self._names = names
        self._cache_s = cache_s
        self._read_s = float("-inf")
        self._table: dict[str, list[Binding]] = {}

    def forget(self) -> None:
        """A binding changed here: read again before the next message."""
        self._read_s = float("-inf")

    async def queues(self, exchange: str, routing_key: str) -> list[str]:
        """Names of the queues whose bindings match."""
        if time.monotonic() - self._read_s > self._cache_s:
            self._table = await self._read()
            self._read_s = time.monotonic()
        return [
            queue
            for queue, bindings in self._table.items()
            if any(found == exchange and matches(kind, pattern, routing_key) for found, kind, pattern in bindings)
        ]

    async def _read(self) -> dict[str, list[Binding]]:
        configs = [info["config"] for info in await self._api.consumer_infos(self._names.task_stream)]
        return {config["metadata"][QUEUE_KEY]: bindings for config in configs if (bindings := bindings_of(config))}
