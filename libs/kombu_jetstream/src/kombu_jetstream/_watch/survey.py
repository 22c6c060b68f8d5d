"""Reading how queues are from the streams and consumers behind them, never by consuming."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from kombu_jetstream._connection.api import Api
from kombu_jetstream._topology.filters import covers
from kombu_jetstream._topology.naming import Names, name_of
from kombu_jetstream._watch.consumer_info import ConsumerInfo, by_queue
from kombu_jetstream._watch.pending_schedules import Backlog, PendingSchedules
from kombu_jetstream._watch.queue_states import ConsumerState, QueueState
from kombu_jetstream._watch.stored import Store, Stored

#: How often a consumer is looked at to see it stand still.
LOOKS = 2
#: For so long. Replicas remove an acknowledged message a little after its consumer counts it as settled.
STILL_S = 0.1
#: In a consumer that does not, messages that were given up are counted up to this.
COUNTED_ONE_BY_ONE = 100


class Survey:
    """Lives on the io thread."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    async def read(self, bound: Iterable[tuple[str, str]] = (), *, transient: bool) -> list[QueueState]:
        """Durable queues by name, then the others that were asked for."""
        states = await self._durable()
        if transient:
            stream = self._names.transient_stream
            for queue, infos in by_queue(await self._api.consumer_infos(stream)).items():
                consumers = [await self._consumer(info, given_up=0) for info in infos]
                states.append(QueueState.of(queue, "transient", stream, consumers))
        return [*states, *[await self.foreign(stream, durable) for stream, durable in bound]]

    async def foreign(self, stream: str, durable: str) -> QueueState:
        info = ConsumerInfo.read(await self._api.request(f"CONSUMER.INFO.{stream}.{durable}"))
        return QueueState.of(f"{stream}/{durable}", "foreign", stream, [await self._consumer(info, given_up=None)])

    async def _durable(self) -> list[QueueState]:
        stream = self._names.task_stream
        store = Store(self._api, stream)
        # Messages, and no notes of lost runs, whose subjects have a token more.
        subjects = await store.subjects(f"{self._names.prefix}.tasks.*.*")
        stored: dict[str, Counter[str]] = defaultdict(Counter)
        for subject, count in subjects.counts.items():
            stored[name_of(subject.split(".")[2])][subject] += count
        infos = by_queue(await self._api.consumer_infos(stream))
        backlogs = await PendingSchedules(self._api, self._names).backlogs(sorted({*stored, *infos}))
        given_up = await self._all_given_up(infos, stored)
        states: list[QueueState] = []
        for queue in sorted({*stored, *infos, *backlogs}):
            backlog = backlogs.get(queue, Backlog())
            if queue in infos:
                consumers = [await self._consumer(info, given_up=given_up[info.name]) for info in infos[queue]]
                states.append(QueueState.of(queue, "durable", stream, consumers, backlog))
            else:
                first = await store.first([self._names.task(queue, "*")], 1)
                age_s = _age_s(first, subjects.at)
                states.append(_undeclared(queue, stream, stored[queue].total(), backlog, age_s))
        return states

    async def _all_given_up(
        self, infos: dict[str, list[ConsumerInfo]], stored: dict[str, Counter[str]]
    ) -> dict[str, int]:
        """By consumer. All at once, since each may have to wait."""
        counts = {
            info: sum(count for subject, count in stored[queue].items() if covers(info.filters[0], subject))
            for queue, consumers in infos.items()
            for info in consumers
        }
        found = await asyncio.gather(*[self._given_up(info, count) for info, count in counts.items()])
        return {info.name: count for info, count in zip(counts, found, strict=True)}

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

    async def _given_up(self, info: ConsumerInfo, stored: int) -> int:
        """How many messages nobody will get any more: stored, and neither held nor waiting for the consumer.

        Something may have happened between counting and asking, so a difference is looked at again, between two looks
        at the consumer that tell the same. Where it never stands still, those under its floor are counted.
        """
        if stored <= info.waiting + info.held:
            return 0
        store = Store(self._api, info.stream)
        for _ in range(LOOKS):
            before = await self._look(info)
            await asyncio.sleep(STILL_S)
            counts = (await store.subjects(info.filters[0])).counts
            after = await self._look(info)
            if before.figures == after.figures:
                return max(0, sum(counts.values()) - after.waiting - after.held)
        return len(await store.left(info.filters, info.floor, COUNTED_ONE_BY_ONE, STILL_S))

    async def _look(self, info: ConsumerInfo) -> ConsumerInfo:
        return ConsumerInfo.read(await self._api.request(f"CONSUMER.INFO.{info.stream}.{info.name}"))


def _undeclared(queue: str, stream: str, waiting: int, backlog: Backlog, age_s: float | None) -> QueueState:
    empty = QueueState.of(queue, "undeclared", stream, [], backlog)
    return replace(empty, waiting=waiting, oldest_waiting_age_s=age_s, oldest_age_s=age_s)


def _age_s(stored: Stored | None, now: datetime) -> float | None:
    # Another server of a cluster may have told the one time, with a clock of its own.
    return None if stored is None else max(0.0, (now - stored.stored_at).total_seconds())
