"""Reading how queues are from the streams and consumers behind them, never by consuming."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from kombu_jetstream._api import Api
from kombu_jetstream._consumer_info import ConsumerInfo, by_queue
from kombu_jetstream._naming import Names, name_of
from kombu_jetstream._pending_schedules import Backlog, PendingSchedules
from kombu_jetstream._queue_states import ConsumerState, QueueState
from kombu_jetstream._stored import Store, Stored

#: Messages that JetStream gave up are counted one by one, up to so many a consumer.
GIVEN_UP_COUNTED = 100


class Survey:
    """Lives on the io thread."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    async def read(self, bound: Iterable[tuple[str, str]], *, transient: bool) -> list[QueueState]:
        """Durable queues by name, then the others that were asked for."""
        states = await self._durable()
        if transient:
            stream = self._names.transient_stream
            for queue, infos in by_queue(await self._api.consumer_infos(stream)).items():
                consumers = [await self._consumer(info, given_up=0) for info in infos]
                states.append(QueueState.of(queue, "transient", stream, consumers))
        for stream, durable in bound:
            info = ConsumerInfo.read(await self._api.request(f"CONSUMER.INFO.{stream}.{durable}"))
            consumer = await self._consumer(info, given_up=None)
            states.append(QueueState.of(f"{stream}/{durable}", "foreign", stream, [consumer]))
        return states

    async def _durable(self) -> list[QueueState]:
        stream = self._names.task_stream
        store = Store(self._api, stream)
        subjects = await store.subjects(f"{self._names.prefix}.tasks.>")
        stored: dict[str, int] = defaultdict(int)
        for subject, count in subjects.counts.items():
            stored[name_of(subject.split(".")[2])] += count
        infos = by_queue(await self._api.consumer_infos(stream))
        backlogs = await PendingSchedules(self._api, self._names).backlogs(sorted({*stored, *infos}))
        states: list[QueueState] = []
        for queue in sorted({*stored, *infos, *backlogs}):
            backlog = backlogs.get(queue, Backlog())
            if queue not in infos:
                first = await store.first([self._names.task(queue, "*")], 1)
                states.append(_undeclared(queue, stream, stored[queue], backlog, _age_s(first, subjects.at)))
                continue
            consumers: list[ConsumerState] = []
            for info in infos[queue]:
                lost = await store.up_to(info.filters, info.floor, GIVEN_UP_COUNTED) if stored[queue] else []
                consumers.append(await self._consumer(info, given_up=len(lost)))
            states.append(QueueState.of(queue, "durable", stream, consumers, backlog))
        return states

    async def _consumer(self, info: ConsumerInfo, *, given_up: int | None) -> ConsumerState:
        store = Store(self._api, info.stream)
        oldest = oldest_waiting = None
        if info.waiting + info.held:
            oldest = await store.first(info.filters, info.floor + 1)
        if info.waiting:
            oldest_waiting = await store.first(info.filters, info.delivered + 1) if info.held else oldest
        return ConsumerState(
            consumer=info.name,
            step=info.step,
            waiting=info.waiting,
            held=info.held,
            redelivered=info.redelivered,
            given_up=given_up,
            deliveries=info.deliveries,
            open_pulls=info.open_pulls,
            max_ack_pending=info.max_ack_pending,
            oldest_waiting_age_s=_age_s(oldest_waiting, info.at),
            oldest_age_s=_age_s(oldest, info.at),
            last_delivered_at=info.last_delivered_at,
        )


def _undeclared(queue: str, stream: str, waiting: int, backlog: Backlog, age_s: float | None) -> QueueState:
    empty = QueueState.of(queue, "undeclared", stream, [], backlog)
    return replace(empty, waiting=waiting, oldest_waiting_age_s=age_s, oldest_age_s=age_s)


def _age_s(stored: Stored | None, now: datetime) -> float | None:
    # Another server of a cluster may have told the one time, with a clock of its own.
    return None if stored is None else max(0.0, (now - stored.stored_at).total_seconds())
