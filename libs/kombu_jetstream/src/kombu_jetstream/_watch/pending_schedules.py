"""What the server holds until its time: told by the subjects alone, and taken away by them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from kombu_jetstream._connection.api import Api
from kombu_jetstream._messages.codec import task_of
from kombu_jetstream._topology.naming import Names, name_of
from kombu_jetstream._watch.stored import Store

#: Up to so many schedules the time of each queue's next one is looked up too (10,000 subjects are about 700 kB).
COUNTED_ONE_BY_ONE = 10_000

#: `<prefix>.later.<queue>.<task id>.<attempt>.<due>`
_TOKENS = 6


@dataclass(frozen=True)
class Schedule:
    """A message that the server holds until `due`."""

    #: Of a Celery task; of any other message an id of its own.
    task_id: str
    #: None where the message is no Celery task.
    task: str | None
    queue: str
    #: Celery's count of retries: "0" for a task with an ETA or countdown, more for one that is tried again later.
    attempt: str
    #: In UTC. In the past only for as long as the server is late.
    due: datetime


@dataclass(frozen=True)
class Backlog:
    """A queue's schedules in two figures."""

    count: int = 0
    #: None where there are none, or more in all than are counted one by one.
    next_due: datetime | None = None


class PendingSchedules:
    """Lives on the io thread."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names
        self._store = Store(api, names.task_stream)

    async def backlogs(self, queues: list[str]) -> dict[str, Backlog]:
        """By queue. With very many schedules only `queues` are counted, and no times are read."""
        total = await self._store.count_subjects(self._names.all_later())
        if total > COUNTED_ONE_BY_ONE:
            return {queue: Backlog(await self._store.count_subjects(self._names.all_later(queue))) for queue in queues}
        due_ms: dict[str, list[int]] = defaultdict(list)
        for subject in (await self._store.subjects(self._names.all_later())).counts if total else {}:
            # Thousands of them on the io thread: no more is read of each than is wanted.
            _, _, queue, _, _, due = subject.split(".", _TOKENS - 1)
            due_ms[queue].append(int(due))
        return {name_of(queue): Backlog(len(times), _moment(min(times))) for queue, times in due_ms.items()}

    async def soonest(self, queue: str | None, task_id: str | None, limit: int) -> list[Schedule]:
        """The first `limit` to come due, soonest first, with the names of their tasks."""
        subjects = await self._store.subjects(self._names.all_later(queue, task_id))
        chosen = sorted(subjects.counts, key=lambda subject: _read(subject).due)[:limit]
        headers = await self._store.last(chosen)
        # One that came due in between is not there any more.
        return [_read(subject, task_of(headers[subject])) for subject in chosen if subject in headers]

    async def withdraw(self, task_id: str, queue: str | None) -> int:
        return await self._api.purge(self._names.task_stream, self._names.all_later(queue, task_id))


def _read(subject: str, task: tuple[str, str] | None = None) -> Schedule:
    _, _, queue, task_id, attempt, due_ms = subject.split(".", _TOKENS - 1)
    return Schedule(name_of(task_id), task and task[1], name_of(queue), name_of(attempt), _moment(int(due_ms)))


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
