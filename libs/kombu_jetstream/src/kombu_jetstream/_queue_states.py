"""How queues are: read from the streams and consumers behind them, never by consuming."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from kombu_jetstream._api import Api
from kombu_jetstream._bindings import QUEUE_KEY
from kombu_jetstream._naming import Names, name_of
from kombu_jetstream._pending_schedules import Backlog, PendingSchedules
from kombu_jetstream._stored import Store, Stored

T = TypeVar("T", float, datetime)

#: How the consumer of a priority step ends. A queue's own `=` is always written between two of them.
_PRIORITY = re.compile(r"=p(\d)$")

#: Messages that JetStream gave up are counted one by one, up to so many a consumer.
GIVEN_UP_COUNTED = 100


@dataclass(frozen=True, kw_only=True)
class ConsumerState:
    """One consumer of a queue: the only one, or that of one priority step."""

    consumer: str
    #: Priorities from this one up to the next step's; None where the queue has no priorities.
    step: int | None
    #: Never delivered to anybody.
    waiting: int
    #: Delivered and not settled: workers have them, or gave them back to be delivered again. The server tells no more.
    held: int
    #: Of those, delivered more than once.
    redelivered: int
    #: Delivered `max_deliver` times without an ack: in the stream for ever, and delivered to nobody any more.
    #: Counted up to 100. None for a foreign queue, whose stream may keep what was acknowledged.
    given_up: int | None
    #: Deliveries since the consumer was created, repeats included.
    deliveries: int
    #: Pulls that wait for a message: 0 means that no worker has room, or that there is none.
    open_pulls: int
    #: `held` never exceeds it: workers get nothing more until one of them settles. -1: no limit.
    max_ack_pending: int
    #: Since the oldest one that waits was stored.
    oldest_waiting_age_s: float | None
    #: Since the oldest one that is not settled was stored.
    oldest_age_s: float | None
    last_delivered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """A queue at one moment; times and counts are the server's."""

    #: Its kombu name; of a foreign queue `<stream>/<durable>`.
    queue: str
    #: "durable", "transient", "foreign", or "undeclared": messages were sent to it, and nobody ever declared it.
    kind: str
    stream: str
    #: Urgent first. Empty for an undeclared queue.
    consumers: tuple[ConsumerState, ...]
    waiting: int
    held: int
    redelivered: int
    given_up: int | None
    deliveries: int
    open_pulls: int
    oldest_waiting_age_s: float | None
    oldest_age_s: float | None
    last_delivered_at: datetime | None
    #: Held by the server until their time (ETA, countdown, retries). They are not in `waiting` yet.
    scheduled: int
    #: None also where more than 10,000 schedules wait in all.
    next_due: datetime | None

    @property
    def saturated(self) -> bool:
        """Whether a consumer has as many messages out as its `max_ack_pending` allows."""
        return any(0 < each.max_ack_pending <= each.held for each in self.consumers)


class QueueStates:
    """Lives on the io thread."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    async def read(self, bound: Iterable[tuple[str, str]], *, transient: bool) -> list[QueueState]:
        """Durable queues by name, then the others that were asked for."""
        states = await self._durable()
        if transient:
            stream = self._names.transient_stream
            for queue, infos in _by_queue(await self._api.consumer_infos(stream)).items():
                consumers = [await self._consumer(info, counts_given_up=False) for info in infos]
                states.append(_queue_state(queue, "transient", stream, consumers, Backlog()))
        for stream, durable in bound:
            info = await self._api.request(f"CONSUMER.INFO.{stream}.{durable}")
            consumer = await self._consumer(info, counts_given_up=None)
            states.append(_queue_state(f"{stream}/{durable}", "foreign", stream, [consumer], Backlog()))
        return states

    async def _durable(self) -> list[QueueState]:
        stream = self._names.task_stream
        store = Store(self._api, stream)
        subjects = await store.subjects(f"{self._names.prefix}.tasks.>")
        stored: dict[str, int] = defaultdict(int)
        for subject, count in subjects.counts.items():
            stored[name_of(subject.split(".")[2])] += count
        infos = _by_queue(await self._api.consumer_infos(stream))
        backlogs = await PendingSchedules(self._api, self._names).backlogs(sorted({*stored, *infos}))
        states: list[QueueState] = []
        for queue in sorted({*stored, *infos, *backlogs}):
            backlog = backlogs.get(queue, Backlog())
            if queue in infos:
                consumers = [await self._consumer(info, counts_given_up=stored[queue] > 0) for info in infos[queue]]
                states.append(_queue_state(queue, "durable", stream, consumers, backlog))
            else:
                first = await store.first([self._names.task(queue, "*")], 1)
                age_s = _age_s(first, subjects.at)
                states.append(
                    _queue_state(queue, "undeclared", stream, [], backlog, waiting=stored[queue], oldest_age_s=age_s)
                )
        return states

    async def _consumer(self, info: dict[str, Any], *, counts_given_up: bool | None) -> ConsumerState:
        config, now = info["config"], datetime.fromisoformat(info["ts"])
        store, filters = Store(self._api, info["stream_name"]), _filters(config)
        waiting, held = info["num_pending"], info["num_ack_pending"]
        # Delivery is in the stream's order, and up to the floor everything is settled or given up. The server moves its
        # floor with the next ack only, so a message given up last may rest above it.
        delivered = info["delivered"]["stream_seq"]
        floor = info["ack_floor"]["stream_seq"] if held else delivered
        given_up = await self._given_up(store, filters, floor) if counts_given_up else counts_given_up and 0
        oldest = await store.first(filters, floor + 1) if waiting + held else None
        oldest_waiting = (await store.first(filters, delivered + 1) if held else oldest) if waiting else None
        last = info["delivered"].get("last_active")
        return ConsumerState(
            consumer=info["name"],
            step=_step_of(info["name"]),
            waiting=waiting,
            held=held,
            redelivered=info["num_redelivered"],
            given_up=given_up,
            deliveries=info["delivered"]["consumer_seq"],
            open_pulls=info["num_waiting"],
            max_ack_pending=config.get("max_ack_pending", -1),
            oldest_waiting_age_s=_age_s(oldest_waiting, now),
            oldest_age_s=_age_s(oldest, now),
            last_delivered_at=datetime.fromisoformat(last) if last else None,
        )

    async def _given_up(self, store: Store, filters: list[str], floor: int) -> int:
        """What still rests at or under the floor of a work queue's consumer: nobody will get it any more."""
        sequence, count = 0, 0
        while count < GIVEN_UP_COUNTED and sequence < floor:
            found = await store.first(filters, sequence + 1)
            if found is None or found.sequence > floor:
                break
            sequence, count = found.sequence, count + 1
        return count


def _queue_state(
    queue: str,
    kind: str,
    stream: str,
    consumers: list[ConsumerState],
    backlog: Backlog,
    *,
    waiting: int = 0,
    oldest_age_s: float | None = None,
) -> QueueState:
    return QueueState(
        queue=queue,
        kind=kind,
        stream=stream,
        consumers=tuple(sorted(consumers, key=lambda each: -1 if each.step is None else -each.step)),
        waiting=waiting + sum(each.waiting for each in consumers),
        held=sum(each.held for each in consumers),
        redelivered=sum(each.redelivered for each in consumers),
        given_up=None if kind == "foreign" else sum(each.given_up or 0 for each in consumers),
        deliveries=sum(each.deliveries for each in consumers),
        open_pulls=sum(each.open_pulls for each in consumers),
        oldest_waiting_age_s=_greatest([oldest_age_s, *(each.oldest_waiting_age_s for each in consumers)]),
        oldest_age_s=_greatest([oldest_age_s, *(each.oldest_age_s for each in consumers)]),
        last_delivered_at=_greatest(each.last_delivered_at for each in consumers),
        scheduled=backlog.count,
        next_due=backlog.next_due,
    )


def _greatest(values: Iterable[T | None]) -> T | None:
    return max((value for value in values if value is not None), default=None)


def _age_s(stored: Stored | None, now: datetime) -> float | None:
    # Another server of a cluster may have told the one time, with a clock of its own.
    return None if stored is None else max(0.0, (now - stored.stored_at).total_seconds())


def _filters(config: dict[str, Any]) -> list[str]:
    return config.get("filter_subjects") or [config.get("filter_subject") or ">"]


def _by_queue(infos: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_queue: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for info in infos:
        by_queue[_queue_of(info)].append(info)
    return by_queue


def _queue_of(info: dict[str, Any]) -> str:
    """The kombu name, from the metadata; consumers made before there was any are named after it."""
    name = (info["config"].get("metadata") or {}).get(QUEUE_KEY)
    return name or name_of(_PRIORITY.sub("", info["name"]))


def _step_of(consumer: str) -> int | None:
    found = _PRIORITY.search(consumer)
    return int(found[1]) if found else None
