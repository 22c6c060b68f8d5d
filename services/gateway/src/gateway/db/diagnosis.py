"""What `gateway doctor` asks PostgreSQL, over one connection of its own, and what `gateway given-up` lists."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from gateway.db import enrichments, outbox
from gateway.db.enrichments import Pending
from gateway.db.migrations import migrations
from gateway.db.outbox import OutboxState
from gateway.db.sql_files import query
from gateway.db.store import Connection


class DatabaseRefused(Exception):
    """`says` and `remedy` are for people, and hold no secret."""

    def __init__(self, says: str, remedy: str) -> None:
        super().__init__(says)
        self.says, self.remedy = says, remedy


@dataclass(frozen=True)
class DatabaseFacts:
    version: str
    size_bytes: int
    #: Of the server, since what it acknowledges must outlive a power cut.
    settings: dict[str, str]
    #: Names of those that were not applied.
    missing: tuple[str, ...]
    #: Numbers that we do not know: a newer gateway has migrated.
    unknown: tuple[int, ...]
    #: The server's clock minus ours, give or take half of the round trip.
    clock_ahead_s: float
    round_trip_s: float


@dataclass(frozen=True)
class WorkFacts:
    outbox: OutboxState
    pending: list[Pending]
    #: (kind, reason) -> how many results were given up.
    given_up: dict[tuple[str, str], int]
    #: Keys by which a worker may record results.
    enrich_keys: int
    #: Worker service -> seconds since the last report of its tasks that was accepted; those of the last day.
    reported_s: dict[str, float]


@dataclass(frozen=True)
class GivenUp:
    """A result that nobody makes any more, until it is asked for again."""

    journal: str
    #: Of the entry, or of the report.
    id: UUID
    kind: str
    reason: str
    since: datetime


@asynccontextmanager
async def connected(url: str, *, timeout_s: float) -> AsyncGenerator[asyncpg.Connection]:
    """Raises DatabaseRefused."""
    settings = {"application_name": "daybook-doctor", "statement_timeout": "5s", "timezone": "UTC"}
    try:
        connection = await asyncpg.connect(url, timeout=timeout_s, command_timeout=5.0, server_settings=settings)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise DatabaseRefused(
            "PostgreSQL refuses the login", "set the right user and password in GATEWAY_DATABASE_URL"
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise DatabaseRefused(
            "there is no such database", "create it, or name another in GATEWAY_DATABASE_URL; then `gateway migrate`"
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as error:
        raise DatabaseRefused(
            f"PostgreSQL does not answer ({type(error).__name__})",
            "start it, or correct host and port in GATEWAY_DATABASE_URL",
        ) from error
    try:
        yield connection
    finally:
        connection.terminate()


async def database_facts(connection: Connection) -> DatabaseFacts:
    began_s = time.perf_counter()
    before = datetime.now(UTC)
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    round_trip_s = time.perf_counter() - began_s
    row = await connection.fetchrow(query("diagnosis", "describe_server"))
    applied = await _applied(connection)
    known = {migration.number: migration.name for migration in migrations()}
    return DatabaseFacts(
        version=row["version"],
        size_bytes=row["size_bytes"],
        settings={"fsync": row["fsync"], "full_page_writes": row["full_page_writes"]},
        missing=tuple(name for number, name in sorted(known.items()) if number not in applied),
        unknown=tuple(sorted(applied - known.keys())),
        clock_ahead_s=(now - before).total_seconds() - round_trip_s / 2,
        round_trip_s=round_trip_s,
    )


async def work_facts(connection: Connection) -> WorkFacts:
    """Ask for it only where no migration is missing."""
    given_up = await connection.fetch(query("diagnosis", "count_given_up"))
    reports = await connection.fetch(query("diagnosis", "last_reports"))
    return WorkFacts(
        outbox=await outbox.state(connection),
        pending=await enrichments.pending_work(connection),
        given_up={(row["kind"], row["reason"]): row["number"] for row in given_up},
        enrich_keys=await connection.fetchval(query("diagnosis", "count_enrich_keys")),
        reported_s={row["worker"]: row["ago_s"] for row in reports},
    )


async def list_given_up(connection: Connection, limit: int) -> list[GivenUp]:
    """The newest first."""
    return [GivenUp(**row) for row in await connection.fetch(query("diagnosis", "list_given_up"), limit)]


async def _applied(connection: Connection) -> set[int]:
    if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return set()
    return {row["number"] for row in await connection.fetch("SELECT number FROM schema_migrations")}
