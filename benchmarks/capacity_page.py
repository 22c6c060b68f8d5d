"""The page of `make bench-capacity`: what was measured, and what follows for a million entries."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from capacity_fill import DIMENSION, Filled
from capacity_routes import Took
from capacity_sizes import TOLD, Stream, Table

from support.query_plans import GROWING, Plan

MILLION = 1_000_000
JOURNALS = 10_000
#: Entries a journal and day, for what depends on their pace.
A_DAY = 1
EVENTS_KEPT_DAYS = 7
#: A smaller table is read from one end to the other by right.
_SMALL_ROWS = 1000
#: PostgreSQL's own default, above which it writes a checkpoint.
WAL_GB = 1.0
#: With what Qdrant reckons for versions, indexes and segments that are being made anew.
#: Source: https://qdrant.tech/documentation/capacity-planning/
QDRANT_FACTOR = 1.5


@dataclass(frozen=True)
class Figures:
    journals: int
    filled: Filled
    fill_s: float
    tables: list[Table]
    stream: Stream
    index_bytes: int
    #: Of the index's process, before and after.
    index_memory: tuple[int, int]
    routes: list[Took]
    #: Tables that grow, by how often they were read from one end to the other while a gateway served.
    scans: dict[str, int]
    #: In a journal of many, and in the large one.
    plans: list[Plan]
    plans_in_large: list[Plan]


def page(figures: Figures, what: str, *, load_before: float, took_s: float) -> str:
    return "\n".join(
        [*_head(figures, what, load_before, took_s), *_stores(figures), *_routes(figures), *_million(figures)]
    )


def _head(figures: Figures, what: str, load_before: float, took_s: float) -> Iterator[str]:
    filled = figures.filled
    yield "# Capacity"
    yield ""
    yield from what.strip().split("\n")
    yield ""
    yield f"- Command: `make bench-capacity`, {took_s:.0f} s, of which {figures.fill_s:.0f} s were filling"
    yield f"- Date: {datetime.now(UTC):%Y-%m-%d}"
    yield (
        f"- Machine: {os.cpu_count()} {platform.machine()} cores, {platform.system()}, "
        f"Python {platform.python_version()}; load {load_before:.1f} before"
    )
    yield (
        f"- {filled.entries:,} entries in {figures.journals} journals, a tenth of them in one; on average "
        f"{filled.chars / filled.entries:.0f} characters ({filled.body_bytes / filled.entries:.0f} bytes), "
        f"{filled.passages / filled.entries:.2f} passages"
    )
    yield ""


def _stores(figures: Figures) -> Iterator[str]:
    entries, passages = figures.filled.entries, figures.filled.passages
    yield "## Bytes an entry"
    yield ""
    yield "| store | what | MB | bytes an entry |"
    yield "|---|---|---|---|"
    for name in TOLD:
        table = next(each for each in figures.tables if each.name == name)
        yield _row("PostgreSQL", f"`{name}`, rows", table.rows_bytes, entries)
        yield _row("", f"`{name}`, indexes", table.index_bytes, entries)
    others = sum(each.bytes for each in figures.tables if each.name not in TOLD)
    yield _row("", "other tables, the emptied outbox among them", others, entries)
    yield _row("", "**together**", _postgres(figures), entries)
    yield _row("JetStream", f"{figures.stream.events / entries:.1f} events an entry", figures.stream.bytes, entries)
    yield _row("", "on disk", figures.stream.disk_bytes, entries)
    yield _row("Qdrant", "on disk", figures.index_bytes, entries)
    yield _row("", f"of it, {DIMENSION} numbers of 4 bytes a passage", passages * DIMENSION * 4, entries)
    before, after = figures.index_memory
    yield _row("", "more memory of its process", after - before, entries)
    yield ""
    yield (
        "PostgreSQL after a vacuum, with the room that is kept for new rows: each enrichment is written twice, "
        "awaited and done.\nIdempotency keys are kept for a day. Qdrant is the embedded server: the engine is "
        "Qdrant's own, its process is ours."
    )
    yield ""


def _row(store: str, what: str, size: int, entries: int) -> str:
    return f"| {store} | {what} | {size / 1e6:,.1f} | {size / entries:,.0f} |"


def _routes(figures: Figures) -> Iterator[str]:
    yield "## The hot routes"
    yield ""
    yield "| route | journal | requests | p50 ms | p95 ms |"
    yield "|---|---|---|---|---|"
    for each in sorted(figures.routes, key=lambda took: took.route):
        yield f"| {each.route} | {each.journal} | {each.times} | {each.p50_ms:.1f} | {each.p95_ms:.1f} |"
    yield ""
    rows = {table.name: table.rows for table in figures.tables}
    scans = [
        f"`{name}` ({rows[name]:,} rows) {times} times"
        for name, times in figures.scans.items()
        if rows[name] >= _SMALL_ROWS
    ]
    yield (
        "One request after another, over HTTP, one gateway. A search has its query embedded by a server that answers "
        f"at once.\nTables of {_SMALL_ROWS:,} rows and more that were read from one end to the other meanwhile, by "
        f"PostgreSQL's own count: {', '.join(scans) or 'none'}."
    )
    yield ""
    yield "| when | statement | by | ms | pages of 8 KiB |"
    yield "|---|---|---|---|---|"
    for plan in figures.plans:
        by = ", ".join(f"`{name}`" for name in plan.indexes) or "no index"
        whole = "".join(f", all of `{name}`" for name in sorted(plan.scanned))
        yield f"| {plan.hot.when} | `{plan.hot.name}` | {by}{whole} | {plan.took_ms:.2f} | {plan.pages:,} |"
    yield ""
    yield "Statements in a journal of many, as `EXPLAIN (ANALYZE, BUFFERS)` tells, the second time."
    whole = [
        f"`{plan.hot.name}` ({plan.took_ms:.1f} ms)"
        for plan in figures.plans_in_large
        if any(rows[name] >= _SMALL_ROWS for name in plan.scanned & GROWING)
    ]
    slowest = max(figures.plans_in_large, key=lambda plan: plan.took_ms or 0)
    yield (
        f"In the large journal the slowest is `{slowest.hot.name}`, {slowest.took_ms:.1f} ms; where a tenth of all is "
        f"wanted, PostgreSQL reads a whole table of that size instead of its index for: {', '.join(whole) or 'none'}."
    )
    yield ""


def _million(figures: Figures) -> Iterator[str]:
    entries = figures.filled.entries
    passages = figures.filled.passages / entries
    a_day = JOURNALS * A_DAY
    keys = next(each for each in figures.tables if each.name == "idempotency_keys").bytes / entries
    rows = _postgres(figures) / entries - keys
    events = figures.stream.disk_bytes / entries
    index = figures.index_bytes / entries
    vectors_gb = MILLION * passages * DIMENSION * 4 / 1e9
    yield f"## {MILLION:,} entries in {JOURNALS:,} journals"
    yield ""
    yield f"An entry a journal and day is {a_day:,} entries a day; a million are {MILLION / a_day:.0f} days of that."
    yield ""
    yield "| what | arithmetic | GB |"
    yield "|---|---|---|"
    yield f"| PostgreSQL, data | {MILLION:,} x {rows:,.0f} bytes | {MILLION * rows / 1e9:.1f} |"
    yield f"| PostgreSQL, idempotency keys | {a_day:,} a day x 1 day x {keys:,.0f} bytes | {a_day * keys / 1e9:.3f} |"
    yield f"| PostgreSQL, WAL | `max_wal_size`, whatever the size of the data | {WAL_GB:.0f} |"
    yield (
        f"| JetStream | {a_day:,} a day x {EVENTS_KEPT_DAYS} days x {events:,.0f} bytes "
        f"| {a_day * EVENTS_KEPT_DAYS * events / 1e9:.2f} |"
    )
    yield (
        f"| the same, where a million are brought in within {EVENTS_KEPT_DAYS} days | {MILLION:,} x {events:,.0f} "
        f"bytes | {MILLION * events / 1e9:.1f} |"
    )
    yield f"| Qdrant, disk | {MILLION:,} x {index:,.0f} bytes | {MILLION * index / 1e9:.1f} |"
    yield f"| Qdrant, vectors | {MILLION:,} x {passages:.2f} passages x {DIMENSION} x 4 bytes | {vectors_gb:.1f} |"
    yield f"| Qdrant, memory | vectors x {QDRANT_FACTOR} | {vectors_gb * QDRANT_FACTOR:.1f} |"
    yield ""


def _postgres(figures: Figures) -> int:
    return sum(each.bytes for each in figures.tables)
