"""Forward-only migrations: numbered `.sql` files, each in a transaction of its own, one migrating process at a time.

Gateways serve meanwhile, also those of the version before: a migration only adds what they can do without.
"""

import asyncio
from dataclasses import dataclass
from importlib import resources

import asyncpg
import structlog

from gateway.db.store import CONNECT_TIMEOUT_S, Connection

#: Any number will do as long as all gateways take the same.
_LOCK = 4_119_051_976
#: Whoever needs a table waits behind a change of it that waits itself: not for long, as gateways give up after 5 s.
_LOCK_TIMEOUT = "2s"
_AGAIN_S = 1.0
_ATTEMPTS_MAX = 60
_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


log = structlog.get_logger()


class SchemaBehind(Exception):
    def __init__(self, applied: int, latest: int) -> None:
        super().__init__(f"{applied} of {latest} migrations are applied: run `gateway migrate`")


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: str


async def migrate(url: str) -> list[str]:
    """Bring the schema up to date; the names of what was applied. Who migrates meanwhile waits, and finds it done.

    Raises:
        asyncpg.LockNotAvailableError: a table was in use for minutes. What came before is applied.
    """
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        # A session lock: it spans the transactions below, and the server frees it if this process dies.
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_VERSIONS)
        applied = {row["number"] for row in await connection.fetch("SELECT number FROM schema_migrations")}
        todo = [migration for migration in migrations() if migration.number not in applied]
        for migration in todo:
            await _apply(connection, migration)
        return [migration.name for migration in todo]
    finally:
        await connection.close()


async def require_current(connection: Connection) -> None:
    """Raises SchemaBehind, or what asyncpg raises, unless every migration was applied; later ones may be."""
    numbers = [migration.number for migration in migrations()]
    # Each of them, not the highest: an earlier number may have come later.
    applied = await connection.fetchval(
        "SELECT count(*) FROM schema_migrations WHERE number = ANY ($1::integer[])", numbers
    )
    if applied < len(numbers):
        raise SchemaBehind(applied, len(numbers))


def migrations() -> list[Migration]:
    """All there are, in order."""
    files = resources.files("gateway.db").joinpath("migrations").iterdir()
    found = sorted(file.name for file in files if file.name.endswith(".sql"))
    return [
        Migration(
            number=int(name.partition("_")[0]),
            name=name.removesuffix(".sql"),
            sql=resources.files("gateway.db").joinpath("migrations", name).read_text(),
        )
        for name in found
    ]


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    for attempt in range(1, _ATTEMPTS_MAX + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", migration.number, migration.name
                )
        except asyncpg.LockNotAvailableError:
            if attempt == _ATTEMPTS_MAX:
                raise
            log.warning("schema.table_in_use", migration=migration.name, attempt=attempt)
            await asyncio.sleep(_AGAIN_S)
        else:
            return
