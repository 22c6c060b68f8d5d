"""What `scale.py` found, as tables and as a page."""

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scale_bursts import CONCURRENCY, CONNECTIONS, Burst, Intake


def workers_table(latency_s: float, rounds: Sequence[Sequence[Burst]]) -> str:
    lines = [
        "| workers | entries/s | beside 1 | the model allows | p50 s | p95 s | processors busy |",
        "|---|---|---|---|---|---|---|",
    ]
    for place, first in enumerate(rounds[0]):
        bursts = [bursts[place] for bursts in rounds]
        beside = _median(range(len(rounds)), lambda n, place=place: rounds[n][place].a_second / rounds[n][0].a_second)
        waits_s = sorted(wait_s for burst in bursts for wait_s in burst.waits_s)
        lines.append(
            f"| {first.workers} | {_median(bursts, lambda one: one.a_second):.2f} | {beside:.2f} "
            f"| {first.workers * CONCURRENCY / latency_s:.0f} | {statistics.median(waits_s):.1f} "
            f"| {waits_s[round(0.95 * (len(waits_s) - 1))]:.1f} | {_median(bursts, lambda one: one.busy):.0%} |"
        )
    return "\n".join(lines)


def gateways_table(rounds: Sequence[Sequence[Intake]]) -> str:
    lines = ["| gateways | POST/s | beside 1 | p50 ms | p99 ms | processors busy |", "|---|---|---|---|---|---|"]
    for place, first in enumerate(rounds[0]):
        taken = [intakes[place] for intakes in rounds]
        beside = _median(
            range(len(rounds)), lambda n, place=place: rounds[n][place].posted.a_second / rounds[n][0].posted.a_second
        )
        lines.append(
            f"| {first.gateways} | {_median(taken, lambda one: one.posted.a_second):.0f} | {beside:.2f} "
            f"| {_median(taken, lambda one: one.posted.p50_ms):.1f} "
            f"| {_median(taken, lambda one: one.posted.p99_ms):.1f} "
            f"| {_median(taken, lambda one: one.busy):.0%} |"
        )
    return "\n".join(lines)


def page(workers: Mapping[float, Sequence[Sequence[Burst]]], gateways: Sequence[Sequence[Intake]], loads: str) -> str:
    tables = "\n\n".join(
        f"## A model that takes {latency_s:g} s, {rounds[0][0].entries} entries\n\n{workers_table(latency_s, rounds)}"
        for latency_s, rounds in workers.items()
    )
    return f"""# More workers, more gateways

How many entries a second are enriched by 1, 2 and 4 workers, and taken in by 1 and 2 gateways, over one NATS, one
PostgreSQL and one Qdrant.

- Command: `make bench-scale`
- Date: {datetime.now(UTC):%Y-%m-%d}
- Machine: {os.cpu_count()} {platform.machine()} cores, {platform.system()}, Python {platform.python_version()};
  the client, the model, the stores, the gateways and the workers share them
- Load of the machine: {loads}
- Rounds: {len(gateways)}, in each of which all numbers of workers take turns; "beside 1" is made within a round, the
  rest are medians of the rounds

The model is a scripted Ollama. It answers each call after a fixed time, and as many at once as come: the workers are
measured, and not a model. A worker has {CONCURRENCY} children. An entry is one call for its mood, and up to 32 entries
share one for their embeddings. "The model allows" is what the children could do if they only waited for moods. All
entries are posted at once, to one gateway. The clock runs from the first request until the client has heard, by
`entry.enriched` events, of both enrichments of the last entry. p50 and p95 are from an entry's request to the second of
its events: they are mostly waiting in line.

{tables}

Where workers fall behind what the model allows and the processors are busy, the processors are the limit. A real model
answers few calls at once: beyond those, more workers only wait in another line (see
[scaling](../../deploy/helm/daybook/README.md#scaling) in the chart).

## Taking entries in

{CONNECTIONS} connections, shared evenly by the gateways, each with one request on its way at all times; no worker runs.

{gateways_table(gateways)}

The gateways, PostgreSQL, NATS and the client that posts share the cores. What one gateway does beside PostgreSQL alone
is in [ingest](ingest.md).
"""


def _median(items: Sequence[Any], of: Callable[[Any], float]) -> float:
    return statistics.median(map(of, items))
