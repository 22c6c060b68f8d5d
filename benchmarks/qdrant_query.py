"""The embedded Qdrant server under our own client: a journal's query, durable upserts, opening.

Random unit vectors, 20 journals, one chunk an entry. Prints one line a figure; times in milliseconds.
"""

import argparse
import asyncio
import math
import random
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from devstack.qdrant.server import QdrantServer
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry

JOURNALS = 20
WRITERS = 2
BATCH = 16


def unit_vector(dimension: int) -> tuple[float, ...]:
    raw = [random.gauss(0, 1) for _ in range(dimension)]
    length = math.hypot(*raw)
    return tuple(component / length for component in raw)


def made_up_entry(number: int, dimension: int) -> IndexedEntry:
    chunk = Chunk(number=0, start_char=0, end_char=400, vector=unit_vector(dimension))
    return IndexedEntry(f"journal-{number % JOURNALS}", uuid.uuid4(), 1, datetime.now(UTC), ("tag",), (chunk,))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def report(name: str, seconds: list[float]) -> None:
    p50, p95 = percentile(seconds, 0.5) * 1000, percentile(seconds, 0.95) * 1000
    print(f"{name:42} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   n {len(seconds)}")


async def write(index: EntryIndex, entries: list[IndexedEntry], batch: int) -> list[float]:
    took: list[float] = []
    for start in range(0, len(entries), batch):
        before = time.perf_counter()
        await index.upsert_many(entries[start : start + batch])
        took.append(time.perf_counter() - before)
    return took


async def measure(url: str, points: int, dimension: int, queries: int) -> None:
    config = IndexConfig(url=url, timeout_s=30)
    async with EntryIndex(config) as index:
        await index.ensure(EmbeddingModel("random", "none", dimension))
        entries = [made_up_entry(number, dimension) for number in range(points)]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(write(index, entries[each::WRITERS], BATCH)) for each in range(WRITERS)]
        elapsed = time.perf_counter() - started
        print(f"durable upserts, {WRITERS} writers x {BATCH} entries: {points / elapsed:.0f} a second")
        report(f"one batch of {BATCH}", [each for writer in writers for each in writer.result()])
        report("one entry alone", await write(index, [made_up_entry(each, dimension) for each in range(100)], 1))
        took: list[float] = []
        for number in range(queries):
            vector = unit_vector(dimension)
            before = time.perf_counter()
            hits = await index.search(f"journal-{number % JOURNALS}", vector, limit=10)
            took.append(time.perf_counter() - before)
            assert len(hits) == min(10, points // JOURNALS)
        report(f"query of a journal, {points} x {dimension}", took)


def opening(url: str) -> list[float]:
    """A task's share: open, one call, close, in an event loop of its own."""

    async def task() -> None:
        async with EntryIndex(IndexConfig(url=url, timeout_s=30)) as index:
            await index.count("journal-0")

    took: list[float] = []
    for _ in range(50):
        before = time.perf_counter()
        asyncio.run(task())
        took.append(time.perf_counter() - before)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as data, QdrantServer(Path(data)) as server:
        asyncio.run(measure(server.url, options.points, options.dimension, options.queries))
        report("asyncio.run(open, count, close)", opening(server.url))


if __name__ == "__main__":
    main()
