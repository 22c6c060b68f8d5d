"""The pool of connections to PostgreSQL, and the one door where its errors become ours."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self

import asyncpg

from gateway.db.statements import time_statement
from gateway.domain.errors import StoreUnavailable
from gateway.metrics import CONNECTION_WAIT

CONNECT_TIMEOUT_S = 5.0
#: Server-side, so that a query ends even where its client is gone. The relay's transaction waits for NATS in between.
SERVER_SETTINGS = {
    "application_name": "daybook-gateway",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}
#: PostgreSQL is away, restarting, or out of connections; or undid what it would do if it were asked once more.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    # Of two transactions that waited for each other one is ended.
    asyncpg.TransactionRollbackError,
    # A standby, or a primary that has become one: with new connections, if they go where writes are taken.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    # A migration changed what a prepared query gives, which ours take care not to: prepared anew, it works.
    asyncpg.InvalidCachedStatementError,
    # A statement after the server's farewell has been read, and before the end of the line has: for a moment where a
    # server shuts down, for longer behind a proxy.
    asyncpg.InternalClientError,
    # The password was changed: open connections go on, new ones are refused until this process is started with it.
    asyncpg.InvalidAuthorizationSpecificationError,
)
#: The schema is older than this program, which was started beside the one that migrates: as good as away until then.
BEHIND = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)


class Connection(Protocol):
    """What a query function needs of asyncpg's connections, pooled or not."""

    async def execute(self, query: str, /, *args: Any) -> str: ...
    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...
    async def fetchval(self, query: str, /, *args: Any) -> Any: ...


class Store:
    """`async with Store(url) as store:` in the loop that uses it. Opening does not fail while PostgreSQL is away.

    "Away" is also a database that lacks a table or a column which is asked for: its migration has not run yet.
    """

    def __init__(self, url: str, *, connections_max: int = 10) -> None:
        self.url = url
        self._connections_max = connections_max
        self._pool: asyncpg.Pool | None = None

    async def __aenter__(self) -> Self:
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=self._connections_max,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=15.0,
            server_settings=SERVER_SETTINGS,
            init=_prepare,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection, None]:
        """A connection inside one transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreUnavailable: PostgreSQL does not answer, takes no writes, or has ended this transaction for the sake of
                another. What the block did is not stored, except where the connection broke during the commit itself:
                then nobody knows, and an idempotency key tells.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Any, None]:
        """A connection for single statements.

        Raises:
            StoreUnavailable: as `transaction`.
        """
        pool = self._pool
        assert pool is not None, "use the store inside `async with Store(url)`"
        try:
            with CONNECTION_WAIT.time():
                connection = await pool.acquire(timeout=CONNECT_TIMEOUT_S)
            try:
                yield connection
            finally:
                await pool.release(connection)
        except (*AWAY, *BEHIND) as error:
            if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                # A standby serves reads for ever, and would keep this and every other connection that leads to it.
                await pool.expire_connections()
            raise StoreUnavailable from error

    def connections(self) -> dict[str, int]:
        """Of the pool, by state: `used`, `idle`, and how many more it may open (`spare`)."""
        assert self._pool is not None, "use the store inside `async with Store(url)`"
        idle, size = self._pool.get_idle_size(), self._pool.get_size()
        return {"used": size - idle, "idle": idle, "spare": self._pool.get_max_size() - size}

    async def ping(self) -> None:
        """Raises StoreUnavailable while PostgreSQL does not answer, or takes no writes."""
        async with self.connection() as connection:
            await require_writable(connection)


async def require_writable(connection: Connection) -> None:
    """Raises asyncpg.ReadOnlySQLTransactionError where the server is a standby, or was set to take no writes."""
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise asyncpg.ReadOnlySQLTransactionError("PostgreSQL takes no writes")


async def _prepare(connection: Any) -> None:
    connection.add_query_logger(time_statement)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
