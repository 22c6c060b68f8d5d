"""Messages that JetStream gave up after `max_deliver` deliveries: nobody gets them, and nothing takes them away."""

from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client

from kombu_jetstream._connection.api import Api
from kombu_jetstream._messages.codec import task_of
from kombu_jetstream._publish.publishing import MESSAGE_ID, publish_confirmed
from kombu_jetstream._topology.naming import Names
from kombu_jetstream._watch.consumer_info import by_queue
from kombu_jetstream._watch.stored import Store, Stored

PUBLISH_S = 5.0
#: An acknowledged message may stay on for a moment, in a cluster under load. To send it again would run it twice.
SURE_S = 1.0


@dataclass(frozen=True)
class GivenUp:
    """A message that was delivered as often as `max_deliver` allows, and never acknowledged."""

    queue: str
    #: In the task stream.
    sequence: int
    #: None where the message is no Celery task.
    task_id: str | None
    task: str | None
    stored_at: datetime


class GivenUps:
    """Those of one queue. Lives on the io thread."""

    def __init__(self, api: Api, client: Client, names: Names, queue: str) -> None:
        self._api = api
        self._client = client
        self._queue = queue
        self._stream = names.task_stream

    async def first(self, limit: int) -> list[GivenUp]:
        return [self._told(stored) for stored in await self._find(limit)]

    async def run_again(self, limit: int) -> int:
        """Each is published again and then removed. The message id keeps a repeat of this from being a second task."""
        found = await self._find(limit)
        for stored in found:
            headers = {**stored.headers, MESSAGE_ID: f"again:{self._stream}:{stored.sequence}"}
            await publish_confirmed(self._client, stored.subject, stored.body, headers, timeout_s=PUBLISH_S)
            await self._remove(stored)
        return len(found)

    async def discard(self, limit: int) -> int:
        found = await self._find(limit)
        for stored in found:
            await self._remove(stored)
        return len(found)

    async def _find(self, limit: int) -> list[Stored]:
        found: list[Stored] = []
        for info in by_queue(await self._api.consumer_infos(self._stream)).get(self._queue, []):
            store = Store(self._api, self._stream)
            found += await store.left(info.filters, info.floor, limit - len(found), SURE_S)
        return found

    async def _remove(self, stored: Stored) -> None:
        await self._api.request(f"STREAM.MSG.DELETE.{self._stream}", {"seq": stored.sequence, "no_erase": True})

    def _told(self, stored: Stored) -> GivenUp:
        task_id, task = task_of(stored.headers) or (None, None)
        return GivenUp(self._queue, stored.sequence, task_id, task, stored.stored_at)
