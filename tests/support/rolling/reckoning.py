"""What PostgreSQL and the event stream hold in the end, beside what the clients were told."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import nats

from contracts.topology import EVENT_STREAM
from support.eventually import eventually
from support.rolling.clients import Told

SETTLED_S = 120.0
_UNSETTLED = """
SELECT (SELECT count(*) FROM enrichments AS e JOIN entries ON id = entry_id
        WHERE journal = ANY ($1) AND (state = 'pending' OR e.revision < entries.revision))
     + (SELECT count(*) FROM reflections JOIN entries ON id = entry_id WHERE journal = ANY ($1) AND state = 'pending')
     + (SELECT count(*) FROM outbox) AS unsettled
"""
_WAITS = """
SELECT extract(epoch FROM max(e.updated_at) - n.updated_at)::float8
FROM entries AS n JOIN enrichments AS e ON id = entry_id
WHERE journal = ANY ($1) GROUP BY n.id
"""


@dataclass(frozen=True)
class Reckoning:
    entries: int
    events: int
    #: From an entry's last revision to its last enrichment.
    waits_s: tuple[float, ...]


async def reckon(
    database_url: str, nats_url: str, everything: Sequence[Told], *, is_exact: bool, points: Callable[[str], int]
) -> Reckoning:
    """Raises AssertionError where something is lost, or there twice. `is_exact`: no reflection more than was asked for.

    `points`: how many vectors a journal has in the index.
    """
    journals = [told.journal for told in everything]
    connection = await asyncpg.connect(database_url)
    try:
        await _settled(lambda: connection.fetchval(_UNSETTLED, journals))
        for told in everything:
            await _reckon_journal(connection, told, is_exact=is_exact)
            assert points(told.journal) == len(told.entries)
        waits = [row[0] for row in await connection.fetch(_WAITS, journals)]
    finally:
        await connection.close()
    events = await _reckon_events(nats_url, everything)
    return Reckoning(sum(len(told.entries) for told in everything), events, tuple(waits))


async def _settled(unsettled: Callable[[], Awaitable[int]]) -> None:
    async def is_settled() -> bool:
        return await unsettled() == 0

    await eventually(is_settled, within_s=SETTLED_S)


async def _reckon_journal(connection: asyncpg.Connection, told: Told, *, is_exact: bool) -> None:
    stored = await connection.fetch("SELECT id, revision, body FROM entries WHERE journal = $1", told.journal)
    assert {str(row["id"]): (row["revision"], row["body"]) for row in stored} == told.entries
    of_journal = "JOIN entries AS n ON n.id = entry_id WHERE journal = $1"
    enriched = await connection.fetch(
        f"SELECT entry_id, kind, state, e.revision FROM enrichments AS e {of_journal}", told.journal
    )
    assert {(str(row["entry_id"]), row["kind"]): (row["state"], row["revision"]) for row in enriched} == {
        (entry_id, kind): ("done", revision)
        for entry_id, (revision, _) in told.entries.items()
        for kind in ("embedding", "mood")
    }
    written = await connection.fetch(f"SELECT entry_id, version, state FROM reflections {of_journal}", told.journal)
    states = {(str(row["entry_id"]), row["version"]): row["state"] for row in written}
    assert {states.get(key) for key in told.reflections} <= {"done"}
    assert not is_exact or set(states) == told.reflections


async def _reckon_events(nats_url: str, everything: Sequence[Told]) -> int:
    """Each follower has heard every event of its journal once, in the order of the stream. How many there are."""
    stored = await _stored(nats_url)
    count = 0
    for told in everything:
        events = [event for event in stored if event["data"]["journal"] == told.journal]

        async def has_all(told: Told = told, last: str = events[-1]["id"]) -> bool:
            return last in told.events[-50:]

        await eventually(has_all, within_s=SETTLED_S)
        assert told.events == [event["id"] for event in events]
        said = Counter((event["type"], json.dumps(event["data"], sort_keys=True)) for event in events)
        twice = [what for what, times in said.items() if times > 1]
        assert twice == []
        assert sum(kind == "entry.created.v1" for kind, _ in said) == len(told.entries)
        count += len(events)
    return count


async def _stored(nats_url: str) -> list[dict[str, Any]]:
    client = await nats.connect(nats_url)
    try:
        jetstream = client.jetstream()
        state = (await jetstream.stream_info(EVENT_STREAM)).state
        numbers = range(max(1, state.first_seq), state.last_seq + 1)
        return [json.loads((await jetstream.get_msg(EVENT_STREAM, number)).data or b"{}") for number in numbers]
    finally:
        await client.close()
