"""The real path: gateway, outbox, NATS, Celery worker, model server, Qdrant and back, by entries a task."""

import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline import Entry, client_of, post_all, settled

from devstack.permissions import ENRICHMENT
from devstack.stack import Stack

#: Enough that both children of the worker have made their mood prototypes.
_WARM_UP = 6
_SETTING = "ENRICHMENT_EMBED_BATCH"


@dataclass(frozen=True)
class Run:
    """One round of one batch size."""

    entries: int
    #: From the first POST to the last embedding recorded, moods being inferred beside them.
    posted_s: float
    #: From asking for all embeddings anew to the last one recorded; nothing beside them.
    again_s: float
    #: Embedded so long after they were stored, of the burst.
    waits_s: tuple[float, ...]
    #: The same of entries that come one at a time.
    alone_s: tuple[float, ...]
    #: Events in each batch that the worker made one task of, while the burst ran.
    batches: tuple[int, ...]


def worker_settings(size: int) -> dict[str, str]:
    return {_SETTING: str(size)}


async def measure_pipeline(
    stack: Stack, texts: Sequence[str], sizes: Sequence[int], *, rounds: int, alone: int, present: int
) -> dict[int, list[Run]]:
    """Each size once a round, in random order, over the same stores and the same model server."""
    runs: dict[int, list[Run]] = {size: [] for size in sizes}
    for number in range(rounds):
        for size in random.sample(list(sizes), len(sizes)):
            if size != present:
                stack.restart(ENRICHMENT, settings=worker_settings(size))
                present = size
            runs[size].append(await _run(stack, list(texts), f"bench-{number}-{size}", alone))
            print(f"{size} entries a task, round {number + 1}: {runs[size][-1].posted_s:.1f} s", flush=True)
    return runs


async def _run(stack: Stack, texts: list[str], journal: str, alone: int) -> Run:
    await post_all(stack, texts[:_WARM_UP], f"{journal}-warm")
    await settled(stack, len(texts[:_WARM_UP]), f"{journal}-warm")
    alone_s: list[float] = []
    for number, text in enumerate(texts[:alone]):
        name = f"{journal}-alone-{number}"
        await post_all(stack, [text], name)
        alone_s += map(_wait_s, await settled(stack, 1, name, every_s=0.1))
    log = stack.home.log(ENRICHMENT)
    read = log.stat().st_size
    await post_all(stack, texts, journal)
    entries = await settled(stack, len(texts), journal)
    batches = _batches(log, read)
    first_s = min(_moment_s(entry["created_at"]) for entry in entries)
    return Run(
        entries=len(texts),
        posted_s=max(map(_embedded_at_s, entries)) - first_s,
        again_s=await _embed_again(stack, journal, len(texts)),
        waits_s=tuple(map(_wait_s, entries)),
        alone_s=tuple(alone_s),
        batches=batches,
    )


async def _embed_again(stack: Stack, journal: str, count: int) -> float:
    began_s = time.time()
    async with client_of(stack) as client:
        answer = await client.post(f"/v1/journals/{journal}/reprocess", json={"kinds": ["embedding"]})
        assert answer.json() == {"entries": count}
    return max(map(_embedded_at_s, await settled(stack, count, journal))) - began_s


def _batches(log: Path, read: int) -> tuple[int, ...]:
    lines = log.read_bytes()[read:].splitlines()
    events = [json.loads(line) for line in lines if b"event.batch_ordered" in line]
    return tuple(event["events"] for event in events)


def _embedded_at_s(entry: Entry) -> float:
    enrichments = entry["enrichments"]
    assert isinstance(enrichments, dict)
    return _moment_s(enrichments["embedding"]["updated_at"])


def _wait_s(entry: Entry) -> float:
    return _embedded_at_s(entry) - _moment_s(entry["created_at"])


def _moment_s(moment: object) -> float:
    return datetime.fromisoformat(str(moment)).timestamp()


def per_second(runs: Sequence[Run], seconds: str) -> float:
    """Median entries a second."""
    return statistics.median(run.entries / getattr(run, seconds) for run in runs)


def times_as_fast(runs: Sequence[Run], one: Sequence[Run], seconds: str) -> float:
    """Beside one entry a task, round by round."""
    return statistics.median(getattr(b, seconds) / getattr(a, seconds) for a, b in zip(runs, one, strict=True))
