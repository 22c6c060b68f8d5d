"""Entries posted all at once to a running Daybook, and heard of as its clients hear: by `entry.enriched` events."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse
from ingest import Poster, Round, drive, emptied_outbox
from pipeline import texts

from support.enrichment import Daybook, Worker

#: Of each worker: two tasks at a time, as it is unless said otherwise.
CONCURRENCY = 2
#: Of everybody who posts in `take_in`, shared among the gateways.
CONNECTIONS = 32
_PATIENCE_S = 300.0
#: Of the client of a burst; one of them is the event stream's.
_LIMITS = httpx.Limits(max_connections=17)
_KINDS = frozenset({"embedding", "mood"})
_WORKER = {"ENRICHMENT_CONCURRENCY": str(CONCURRENCY), "ENRICHMENT_RETRY_BASE_S": "2", "ENRICHMENT_MODEL_PROBE_S": "5"}


@dataclass(frozen=True)
class Burst:
    workers: int
    entries: int
    #: From the first request to the last entry enriched.
    seconds: float
    #: From an entry's request until both its enrichments were heard of.
    waits_s: tuple[float, ...]
    #: Share of the machine's processors that worked meanwhile, whoever they worked for.
    busy: float

    @property
    def a_second(self) -> float:
        return self.entries / self.seconds


@dataclass
class _Heard:
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: When the last kind of an entry came, by its id.
    at_s: dict[str, float] = field(default_factory=dict)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: ServerSentEvent) -> None:
        self.opened.set()
        if not event.data:
            return
        assert event.event == "entry.enriched.v1", event.event
        ref = event.json()["data"]
        kinds = self.kinds[ref["entry_id"]]
        kinds.add(ref["kind"])
        if kinds >= _KINDS:
            self.at_s.setdefault(ref["entry_id"], time.perf_counter())
            self.changed.set()

    async def all_of(self, ids: Sequence[str]) -> None:
        while not self.at_s.keys() >= set(ids):
            self.changed.clear()
            await self.changed.wait()


def measure_workers(daybook: Daybook, counts: Sequence[int], entries: int, rounds: int) -> list[list[Burst]]:
    """A burst for each of `counts`, which grow, in each round; the model is the one that `daybook.ollama_url` names."""
    found: list[list[Burst]] = []
    for number in range(rounds):
        workers: list[Worker] = []
        try:
            found.append([])
            for count in counts:
                added = [daybook.worker(ready=False, **_WORKER) for _ in range(count - len(workers))]
                workers += added
                for worker in added:
                    worker.ready()
                # Each child has worked once, and has its connections.
                asyncio.run(_burst(daybook, 2 * CONCURRENCY * count, count))
                found[-1].append(asyncio.run(_burst(daybook, entries, count)))
                one = found[-1][-1]
                print(
                    f"round {number + 1}, {count} workers: {one.a_second:.2f} entries/s, busy {one.busy:.0%}",
                    flush=True,
                )
        finally:
            for worker in workers:
                worker.stop()
    return found


async def _burst(daybook: Daybook, count: int, workers: int) -> Burst:
    journal = daybook.new_journal()
    heard, sent_s = _Heard(), {}
    async with (
        asyncio.timeout(_PATIENCE_S),
        httpx.AsyncClient(
            base_url=daybook.http.base_url, headers=daybook.headers, trust_env=False, timeout=60, limits=_LIMITS
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        following = group.create_task(_follow(client, journal, heard))
        await heard.opened.wait()

        async def post(body: str) -> None:
            began_s = time.perf_counter()
            answer = await client.post(f"/v1/journals/{journal}/entries", json={"body": body})
            sent_s[answer.raise_for_status().json()["id"]] = began_s

        busy = _Processors()
        await asyncio.gather(*map(post, texts(count)))
        await heard.all_of(list(sent_s))
        share = busy.share()
        following.cancel()
    waits_s = tuple(heard.at_s[one] - began_s for one, began_s in sent_s.items())
    return Burst(workers, count, max(heard.at_s.values()) - min(sent_s.values()), waits_s, share)


async def _follow(client: httpx.AsyncClient, journal: str, heard: _Heard) -> None:
    # A failure is asked for too: whoever waits is told why, at once.
    types = {"types": ["entry.enriched.v1", "enrichment.failed.v1"]}
    async with aconnect_sse(client, "GET", f"/v1/journals/{journal}/events", params=types) as source:
        async for event in source.aiter_sse():
            heard.take(event)
    raise AssertionError("the event stream ended")


@dataclass(frozen=True)
class Intake:
    gateways: int
    posted: Round
    busy: float


def measure_gateways(daybook: Daybook, counts: Sequence[int], seconds: float, rounds: int) -> list[list[Intake]]:
    """Entries taken in, for each number of gateways in each round; no worker should run."""
    daybook.http.put("/v1/journals/bench").raise_for_status()
    key = daybook.headers["Authorization"].removeprefix("Bearer ")
    found: list[list[Intake]] = []
    for number in range(rounds):
        ports = [daybook.http.base_url.port or 0]
        added = []
        try:
            found.append([])
            for count in counts:
                added += [daybook.gateway() for _ in range(count - len(ports))]
                ports += [gateway.port for gateway in added if gateway.port not in ports]
                found[-1].append(asyncio.run(_take_in(daybook, ports, key, seconds)))
                one = found[-1][-1]
                print(
                    f"round {number + 1}, {count} gateways: {one.posted.a_second:.0f} POST/s, busy {one.busy:.0%}",
                    flush=True,
                )
        finally:
            for gateway in added:
                gateway.process.stop()
    return found


async def _take_in(daybook: Daybook, ports: Sequence[int], key: str, seconds: float) -> Intake:
    opened = [await asyncio.open_connection("127.0.0.1", ports[n % len(ports)]) for n in range(CONNECTIONS)]
    busy = _Processors()
    try:
        posted = await drive([Poster(reader, writer, key).post for reader, writer in opened], seconds)
    finally:
        share = busy.share()
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()
    await emptied_outbox(daybook.database_url)
    return Intake(len(ports), posted, share)


class _Processors:
    """How much of the machine works, from the making of this on."""

    def __init__(self) -> None:
        self._began = self._times()

    def share(self) -> float:
        idle, everything = (now - then for now, then in zip(self._times(), self._began, strict=True))
        return 1 - idle / everything if everything else 0.0

    def _times(self) -> tuple[int, int]:
        """Idle time and all time, in ticks. Source: proc(5)."""
        ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)
