"""How fast the gateway takes entries, beside the database alone.

32 connections post entries to a real gateway process, over a real PostgreSQL (fsync on) and NATS, to which its outbox
is relayed meanwhile. Then 32 connections insert the same rows into a table of the same shape on the same PostgreSQL,
and nothing else: the limit that no gateway can pass. Rounds alternate, so that a busy machine disturbs both alike.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen
from uuid import uuid4

import asyncpg

from devstack.nats import NatsServer
from devstack.ports import free_port
from devstack.postgres import PostgresServer
from devstack.process import ServerProcess

CONNECTIONS = 32
BODY = "Rain all day. Baked bread with Nora, and we talked about moving to the coast until it was dark. " * 8
METADATA = {"app": "bench", "words": 144}
REPORT = Path(__file__).parents[1] / "docs" / "benchmarks" / "ingest.md"

Operation = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Round:
    a_second: float
    p50_ms: float
    p99_ms: float
    operations: int


class Poster:
    """One kept-alive connection. By hand: a client library would take more of the machine than the gateway does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader = reader
        self._writer = writer
        body = json.dumps({"body": BODY, "tags": ["bench"], "metadata": METADATA}).encode()
        head = (
            "POST /v1/journals/bench/entries HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    async def post(self) -> None:
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 201"), head
        _, _, rest = head.lower().partition(b"content-length: ")
        await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))


@asynccontextmanager
async def posting(port: int, key: str) -> AsyncGenerator[list[Operation], None]:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    yield [Poster(reader, writer, key).post for reader, writer in connections]
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def inserting(url: str) -> AsyncGenerator[list[Operation], None]:
    connections = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    await connections[0].execute("CREATE TABLE IF NOT EXISTS bare_entries (LIKE entries INCLUDING ALL)")
    await connections[0].execute("TRUNCATE bare_entries")
    yield [_inserter(connection) for connection in connections]
    for connection in connections:
        await connection.close()


def _inserter(connection: asyncpg.Connection) -> Operation:
    metadata = json.dumps(METADATA)

    async def insert() -> None:
        await connection.execute(
            "INSERT INTO bare_entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)"
            " VALUES ($1, 'bench', 1, $2, $3, 0, $4, $5)",
            *(uuid4(), BODY, datetime.now(UTC), ["bench"], metadata),
        )

    return insert


async def drive(operations: list[Operation], duration_s: float) -> Round:
    """Every operation again and again, all at once. The first tenth of the time warms up and is not counted."""
    took_s: list[float] = []
    done = 0
    started = time.perf_counter()
    counted_from, end = started + duration_s / 10, started + duration_s

    async def repeat(operation: Operation) -> None:
        nonlocal done
        # On a machine that is very busy the time may be over before anything was counted.
        while (before := time.perf_counter()) < end or not took_s:
            await operation()
            done += 1
            if before >= counted_from:
                took_s.append(time.perf_counter() - before)

    async with asyncio.TaskGroup() as group:
        for operation in operations:
            group.create_task(repeat(operation))
    took_s.sort()
    elapsed_s = time.perf_counter() - counted_from
    p50_ms, p99_ms = (took_s[int(len(took_s) * share)] * 1000 for share in (0.5, 0.99))
    return Round(len(took_s) / elapsed_s, p50_ms, p99_ms, done)


@dataclass(frozen=True)
class Gateway:
    """A real one, in a process of its own."""

    directory: Path
    database_url: str
    nats_url: str
    port: int

    @property
    def key_file(self) -> Path:
        return self.directory / "key"

    def prepare(self) -> None:
        keys = ("--name", "bench", "--scopes", "write", "--journals", "*", "--key-file", str(self.key_file))
        for arguments in (("migrate",), ("topology",), ("keys", "ensure", *keys)):
            subprocess.run(self._command(*arguments), env={**os.environ, **self._settings()}, check=True, timeout=60)

    def server(self) -> ServerProcess:
        return ServerProcess("gateway", self._command("serve"), log=self.directory / "log", env=self._settings())

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return answer.status == HTTPStatus.OK
        except OSError:
            return False

    @property
    def key(self) -> str:
        return self.key_file.read_text().strip()

    def make_journal(self) -> None:
        address = f"http://127.0.0.1:{self.port}/v1/journals/bench"
        with urlopen(Request(address, method="PUT", headers={"Authorization": f"Bearer {self.key}"}), timeout=5):
            pass

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gateway", *arguments]

    def _settings(self) -> dict[str, str]:
        # Nobody listens at the model's address and the index's: ingest needs neither.
        nowhere = f"http://127.0.0.1:{free_port()}"
        return {
            "GATEWAY_HTTP_PORT": str(self.port),
            "GATEWAY_DATABASE_URL": self.database_url,
            "GATEWAY_NATS_URL": self.nats_url,
            "GATEWAY_EMBEDDING_MODEL": "none",
            "GATEWAY_OLLAMA_URL": nowhere,
            "GATEWAY_QDRANT_URL": nowhere,
        }


@dataclass(frozen=True)
class Found:
    posted: Round
    inserted: Round
    #: Of the gateway, its relay included. On a busy machine this stays what it is, while the rates fall.
    processor_ms_a_post: float


async def measure(gateway: Gateway, pid: int, rounds: int, duration_s: float) -> list[Found]:
    found: list[Found] = []
    for number in range(1, rounds + 1):
        before_s = processor_s(pid)
        async with posting(gateway.port, gateway.key) as posts:
            posted = await drive(posts, duration_s)
        await emptied_outbox(gateway.database_url)
        processor_ms = (processor_s(pid) - before_s) * 1000 / posted.operations
        async with inserting(gateway.database_url) as inserts:
            inserted = await drive(inserts, duration_s)
        for name, result in (("POST", posted), ("INSERT", inserted)):
            rate, p50, p99 = result.a_second, result.p50_ms, result.p99_ms
            print(f"round {number} {name:6} {rate:8.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms", flush=True)
        print(f"round {number} processor {processor_ms:.2f} ms a POST", flush=True)
        found.append(Found(posted, inserted, processor_ms))
    return found


def processor_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def emptied_outbox(database_url: str) -> None:
    """Return once every event has been relayed: the rest would be relayed beside the next measurement."""
    connection = await asyncpg.connect(database_url)
    deadline = time.monotonic() + 60
    while waiting := await connection.fetchval("SELECT count(*) FROM outbox"):
        assert time.monotonic() < deadline, f"{waiting} events are not relayed"
        await asyncio.sleep(0.1)
    await connection.close()


def write_report(found: list[Found], command: str) -> str:
    table = "\n".join(
        f"| {number} | {_cells(each.posted)} | {_cells(each.inserted)} | {_rate(each):.2f} | {_tail(each):.1f} |"
        f" {each.processor_ms_a_post:.2f} |"
        for number, each in enumerate(found, 1)
    )
    rate, tail = statistics.median(map(_rate, found)), statistics.median(map(_tail, found))
    processor_ms = statistics.median(each.processor_ms_a_post for each in found)
    return f"""# Taking entries

{__doc__.strip()}

- Command: `{command}`
- Date: {datetime.now(UTC):%Y-%m-%d}
- Machine: {os.cpu_count()} {platform.machine()} cores, {platform.system()}, Python {platform.python_version()};
  the client, the gateway, PostgreSQL and NATS share them; load of the last minute {os.getloadavg()[0]:.1f}
- Entry: {len(BODY)} characters; {CONNECTIONS} connections; one gateway process

| round | POST/s | p50 ms | p99 ms | INSERT/s | p50 ms | p99 ms | ratio of rates | ratio of p99 | gateway ms a POST |
|---|---|---|---|---|---|---|---|---|---|
{table}

Medians: {rate:.2f} of the rate, {tail:.1f} times the p99, {processor_ms:.2f} ms of the gateway's processor time.
A POST is an authenticated request, one transaction of an entry, two awaited enrichments, an event and its notification,
and the event's way to JetStream.
"""


def _cells(measured: Round) -> str:
    return f"{measured.a_second:.0f} | {measured.p50_ms:.1f} | {measured.p99_ms:.1f}"


def _rate(found: Found) -> float:
    return found.posted.a_second / found.inserted.a_second


def _tail(found: Found) -> float:
    return found.posted.p99_ms / found.inserted.p99_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration-s", type=float, default=10.0)
    parser.add_argument("--smoke", action="store_true", help="a second each, and no report: does it still run?")
    options = parser.parse_args()
    rounds, duration_s = (1, 1.0) if options.smoke else (options.rounds, options.duration_s)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="daybook-bench-")))
        # PostgreSQL runs as another user where this runs as root.
        directory.chmod(0o755)
        postgres = stack.enter_context(PostgresServer(directory / "postgres"))
        nats = stack.enter_context(NatsServer(directory / "nats"))
        gateway = Gateway(directory, postgres.create_database("bench"), nats.url, free_port())
        gateway.prepare()
        server = gateway.server()
        server.start()
        stack.callback(server.stop)
        server.wait_until(gateway.answers, within_s=30)
        gateway.make_journal()
        assert server.pid is not None
        found = asyncio.run(measure(gateway, server.pid, rounds, duration_s))
    if not options.smoke:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(write_report(found, "make bench-ingest"))
        print(f"written: {REPORT.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
