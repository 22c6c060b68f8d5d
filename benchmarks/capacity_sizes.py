"""What the stores take on disk and in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats

from contracts.topology import EVENT_STREAM

#: Tables that are told apart; the rest is summed.
TOLD = ("entries", "enrichments", "reflections", "idempotency_keys")
_SIZES = """
SELECT c.relname AS name, c.reltuples::bigint AS rows, pg_table_size(c.oid) AS rows_bytes,
    pg_indexes_size(c.oid) AS index_bytes
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


@dataclass(frozen=True)
class Table:
    name: str
    rows: int
    #: Out-of-line values and maps included.
    rows_bytes: int
    index_bytes: int

    @property
    def bytes(self) -> int:
        return self.rows_bytes + self.index_bytes


@dataclass(frozen=True)
class Stream:
    events: int
    #: As the server counts them, and as its folder is.
    bytes: int
    disk_bytes: int


async def tables(connection: Any) -> list[Table]:
    """After a vacuum, as autovacuum does by and by: what dead rows leave is kept for new ones, and counted."""
    await connection.execute("VACUUM ANALYZE")
    rows = await connection.fetch(_SIZES)
    return [Table(row["name"], row["rows"], row["rows_bytes"], row["index_bytes"]) for row in rows]


async def stream(url: str, folder: Path) -> Stream:
    client = await nats.connect(url)
    try:
        state = (await client.jetstream().stream_info(EVENT_STREAM)).state
    finally:
        await client.close()
    return Stream(state.messages, state.bytes, disk(folder))


def disk(folder: Path) -> int:
    """What the files take, in blocks: a sparse file counts by what is in it."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def memory(pid: int) -> int:
    """Bytes that a process holds now."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]) * 1024
