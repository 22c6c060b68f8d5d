"""The door to PostgreSQL: whatever a broken connection looks like, it is one error of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from support.backends.postgres import PostgresServer


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
