"""The door to PostgreSQL: whatever a broken connection looks like, it is one error of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from gateway.service.reconcile import reconcile_forever
from support.backends.postgres import PostgresServer
from support.eventually import eventually
from support.log_lines import LogLines, log_lines


class OpenLines:
    """A proxy that passes all that the server says, but not that it has closed the line, until it is told to.

    So it is for a moment with each server that ends, and for longer behind an engine's proxy.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._lines: set[asyncio.Task[None]] = set()
        self.hang_up = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The port."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as listener:
            try:
                yield listener.sockets[0].getsockname()[1]
            finally:
                for line in self._lines:
                    line.cancel()
                await asyncio.gather(*self._lines, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            there = asyncio.create_task(_pass_on(reader, far_writer))
            await _pass_on(far_reader, writer)
            await self.hang_up.wait()
            there.cancel()
        finally:
            far_writer.close()
            writer.close()


async def test_a_server_that_said_farewell_is_away_though_the_line_is_still_open(
    postgres_server: PostgresServer, database_url: str
) -> None:
    lines = OpenLines(postgres_server.port)
    async with (
        lines.listening() as port,
        Store(database_url.replace(f":{postgres_server.port}/", f":{port}/")) as store,
    ):
        with pytest.raises(StoreUnavailable):
            async with store.transaction() as connection:
                await _end(database_url, await connection.fetchval("SELECT pg_backend_pid()"))
        await store.ping()
        lines.hang_up.set()


async def test_of_two_transactions_that_wait_for_each_other_one_finds_the_store_away(store: Store) -> None:
    both_hold = asyncio.Barrier(2)

    async def rename(*journals: str) -> str:
        async with store.transaction() as connection:
            for name in journals:
                await connection.execute("UPDATE journals SET settings = '{}' WHERE name = $1", name)
                if name == journals[0]:
                    await both_hold.wait()
        return "done"

    async with store.connection() as connection:
        await connection.execute("INSERT INTO journals (name) VALUES ('a'), ('b')")
    ends = await asyncio.gather(rename("a", "b"), rename("b", "a"), return_exceptions=True)
    assert sorted(map(str, map(type, ends))) == sorted(map(str, (str, StoreUnavailable)))


async def test_the_reconciler_goes_on_while_the_database_takes_no_writes(database_url: str) -> None:
    async with Store(f"{database_url}?default_transaction_read_only=on") as standby:
        with log_lines() as lines:
            rounds = asyncio.create_task(reconcile_forever(standby, every_s=0.01, overdue_s=0, idempotency_keep_s=0))
            await eventually(lambda: _told_twice(lines, "reconciler.round_failed"))
        rounds.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rounds


async def test_connections_to_a_standby_are_left(database_url: str) -> None:
    async with Store(f"{database_url}?default_transaction_read_only=on") as standby:
        async with standby.connection() as one, standby.connection() as other:
            left = {await each.fetchval("SELECT pg_backend_pid()") for each in (one, other)}
        with pytest.raises(StoreUnavailable):
            async with standby.connection() as connection:
                await connection.execute("INSERT INTO journals (name) VALUES ('a')")
        async with standby.connection() as one, standby.connection() as other:
            now = {await each.fetchval("SELECT pg_backend_pid()") for each in (one, other)}
        assert not left & now


async def _told_twice(lines: LogLines, event: str) -> bool:
    return len(lines.of(event)) > 1


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


async def _end(database_url: str, pid: int) -> None:
    """Returns once the session is gone and its client has read so."""
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    while await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
        await asyncio.sleep(0.01)
    await other.close()
