"""What entries take in each store, and how the hot routes do among many of them.

The services' own code fills real servers: entries with tags, metadata and an idempotency key, a mood, an embedding of
768 numbers for each passage, words for search, a reflection on one entry in ten, and every event through the outbox
into JetStream. Results are made up, in the shape and length of a chat model's; no model is asked. Then a gateway
process serves over it, its queries embedded by a scripted Ollama.
"""

import argparse
import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
from capacity_fill import DIMENSION, LARGE, Filled, fill
from capacity_page import Figures, page
from capacity_routes import Took, measure, sequential_scans
from capacity_sizes import disk, memory, stream, tables

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.qdrant.server import QdrantServer
from entry_index import EntryIndex, IndexConfig, Lexicon
from gateway.db.migrations import migrate
from gateway.db.store import Store
from gateway.messaging.nats_link import NatsLink
from gateway.messaging.relay import OutboxRelay
from gateway.service.keys import mint_key
from support.event_stream import declare_stream
from support.gateway_process import GatewayProcess, gateway_env
from support.query_plans import GROWING, Plan, hot_statements, plan_of
from support.scripted_ollama import EMBEDDING_MODEL, MODEL, ScriptedOllama
from telemetry import configure_logging

LEXICON_KEY = "a key for the benchmark of capacity"
_RELAYED_S = 300.0


@dataclass(frozen=True)
class Servers:
    folder: Path
    postgres: PostgresServer
    nats: NatsServer
    qdrant: QdrantServer
    database_url: str


async def run(servers: Servers, *, entries: int, journals: int, rounds: int) -> Figures:
    key = mint_key()
    await migrate(servers.database_url)
    # To fill is no measurement of commits; what is asked of the gateway afterwards waits for the disk, as always.
    await _set(servers.database_url, "SET synchronous_commit = off")
    await declare_stream(servers.nats.url)
    assert servers.qdrant.process.pid is not None
    memory_before = memory(servers.qdrant.process.pid)
    began_s = time.perf_counter()
    async with (
        Store(servers.database_url, connections_max=20) as store,
        EntryIndex(IndexConfig(servers.qdrant.url, timeout_s=60)) as index,
        _relaying(store, servers.nats.url),
    ):
        lexicon = Lexicon(LEXICON_KEY.encode())
        filled = await fill(store, index, lexicon, key, entries=entries, journals=journals)
        await _relayed(store)
    fill_s = time.perf_counter() - began_s
    memory_after = memory(servers.qdrant.process.pid)
    connection = await asyncpg.connect(servers.database_url)
    try:
        sizes = await tables(connection)
        written = await stream(servers.nats.url, servers.folder / "nats" / "jetstream")
        index_bytes = disk(servers.qdrant.directory)
        plans, in_large = (
            await _plans(connection, filled, _one_of_many(filled)),
            await _plans(connection, filled, LARGE),
        )
        await _set(servers.database_url, "RESET synchronous_commit")
        before = await sequential_scans(connection)
        routes = await _routes(servers, filled, key, rounds)
        after = await sequential_scans(connection)
    finally:
        await connection.close()
    return Figures(
        journals=journals,
        filled=filled,
        fill_s=fill_s,
        tables=sizes,
        stream=written,
        index_bytes=index_bytes,
        index_memory=(memory_before, memory_after),
        routes=routes,
        scans={name: after[name] - before[name] for name in sorted(GROWING) if after[name] > before[name]},
        plans=plans,
        plans_in_large=in_large,
    )


@asynccontextmanager
async def _relaying(store: Store, nats_url: str) -> AsyncGenerator[None]:
    link = NatsLink(nats_url, name="bench-relay")
    relay = OutboxRelay(store, link, batch_max=256, poll_s=0.2)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(link.run()), group.create_task(relay.run())]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


async def _relayed(store: Store) -> None:
    async with asyncio.timeout(_RELAYED_S):
        while True:
            async with store.connection() as connection:
                if not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                    return
            await asyncio.sleep(0.1)


async def _set(database_url: str, what: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"ALTER DATABASE {database_url.rpartition('/')[2]} {what}")
    finally:
        await connection.close()


def _one_of_many(filled: Filled) -> str:
    return next(name for name in filled.ids if name != LARGE)


async def _plans(connection: asyncpg.Connection, filled: Filled, journal: str) -> list[Plan]:
    ordered = sorted(filled.ids[journal], key=lambda entry: entry.written_at)
    middle = ordered[len(ordered) // 2].written_at
    statements = hot_statements(journal, [entry.id for entry in ordered], middle)
    for each in statements:  # Pages are read before anything is timed.
        await plan_of(connection, each, run=True)
    return [await plan_of(connection, each, run=True) for each in statements]


async def _routes(servers: Servers, filled: Filled, key: str, rounds: int) -> list[Took]:
    with ScriptedOllama(dimension=DIMENSION) as ollama:
        env = gateway_env(
            servers.database_url,
            servers.nats.url,
            embedding_model=EMBEDDING_MODEL,
            chat_model=MODEL,
            ollama_url=ollama.url,
            qdrant_url=servers.qdrant.url,
            lexicon_key=LEXICON_KEY,
        )
        with GatewayProcess(env, servers.folder / "gateway.log") as gateway:
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False, timeout=60) as client:
                return await measure(client, filled, rounds)


def bench(*, entries: int, journals: int, rounds: int) -> str:
    """The page."""
    load_before, began_s = os.getloadavg()[0], time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="daybook-bench-")))
        # PostgreSQL runs as another user where this runs as root.
        folder.chmod(0o755)
        postgres = stack.enter_context(PostgresServer(folder / "postgres"))
        nats = stack.enter_context(NatsServer(folder / "nats"))
        qdrant = stack.enter_context(QdrantServer(folder / "qdrant"))
        servers = Servers(folder, postgres, nats, qdrant, postgres.create_database("bench"))
        figures = asyncio.run(run(servers, entries=entries, journals=journals, rounds=rounds))
        took_s = time.perf_counter() - began_s
    return page(figures, __doc__ or "", load_before=load_before, took_s=took_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--journals", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    configure_logging(service="bench", log_format="console", level="ERROR")
    told = bench(entries=options.entries, journals=options.journals, rounds=options.rounds)
    if options.write:
        options.write.write_text(told)
    print(told)


if __name__ == "__main__":
    main()
