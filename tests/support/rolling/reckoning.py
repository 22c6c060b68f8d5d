"""What PostgreSQL, the index and the event stream hold in the end, beside what the clients were told.

Nothing that was accepted may be lost, and nothing may be there that nobody asked for. Events of results may be there
again: work is done at least once (docs/upgrade.md), and who was slow or killed has it done once more.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import nats

from contracts.topology import EVENT_STREAM
from support.eventually import eventually
from support.rolling.clients import Told

SETTLED_S = 180.0
#: What work that is done again says again.
REPEATED = frozenset({"entry.enriched.v1", "reflection.completed.v1"})
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
    reflections: int
    events: int
    #: Events that say what another one said before, by their type.
    repeats: Counter[str]
    #: From an entry's last revision to its last enrichment.
    waits_s: tuple[float, ...]


async def reckon(
    database_url: str,
    nats_url: str,
    everything: Sequence[Told],
    *,
    points: Callable[[str], int],
    within_s: float = SETTLED_S,
) -> Reckoning:
    """Once all is settled, and everybody has heard of it.

    `points`: how many vectors a journal has in the index. `within_s`: how long each of these is waited for.

    Raises:
        AssertionError: something is lost, is not done in that time, or is there without having been asked for.
    """
    journals = [told.journal for told in everything]
    connection = await asyncpg.connect(database_url)
    try:

        async def is_settled() -> bool:
            return await connection.fetchval(_UNSETTLED, journals) == 0

        await eventually(is_settled, within_s=within_s)
        reflections = sum([await _reckon_journal(connection, told) for told in everything])
        waits = [row[0] for row in await connection.fetch(_WAITS, journals)]
    finally:
        await connection.close()
    for told in everything:
        await _reckon_points(told, points, within_s)
    events, repeats = await _reckon_events(nats_url, everything, within_s)
    entries = sum(len(told.entries) for told in everything)
    return Reckoning(entries, reflections, events, repeats, tuple(waits))


async def _reckon_journal(connection: asyncpg.Connection, told: Told) -> int:
    """How many reflections there are."""
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
    unheard_of = set(states) - told.reflections
    assert len(unheard_of) <= told.reflections_again, unheard_of
    return len(states)


async def _reckon_points(told: Told, points: Callable[[str], int], within_s: float) -> None:
    # Waited for: a task that is done again writes its vectors first, and then takes those of older revisions away.
    async def has_one_an_entry() -> bool:
        return points(told.journal) == len(told.entries)

    await eventually(has_one_an_entry, within_s=within_s)


async def _reckon_events(nats_url: str, everything: Sequence[Told], within_s: float) -> tuple[int, Counter[str]]:
    """Each follower has heard every event of its journal once, in the order of the stream. How many, and repeats."""
    stored = await _stored(nats_url)
    count = 0
    repeats: Counter[str] = Counter()
    for told in everything:
        events = [event for event in stored if event["data"]["journal"] == told.journal]
        ids = [event["id"] for event in events]

        async def has_all(told: Told = told, many: int = len(ids)) -> bool:
            return len(told.events) >= many

        await eventually(has_all, within_s=within_s)
        # More may have come since the stream was read: what is done again is said again.
        assert told.events[: len(ids)] == ids
        said = Counter((event["type"], json.dumps(event["data"], sort_keys=True)) for event in events)
        again = Counter(kind for kind, _ in said.elements()) - Counter(kind for kind, _ in said)
        assert set(again) <= REPEATED, again
        repeats += again
        assert sum(kind == "entry.created.v1" for kind, _ in said) == len(told.entries)
        enriched = [event["data"] for event in events if event["type"] == "entry.enriched.v1"]
        assert {(one["entry_id"], one["revision"], one["kind"]) for one in enriched} >= {
            (entry_id, revision, kind)
            for entry_id, (revision, _) in told.entries.items()
            for kind in ("embedding", "mood")
        }
        count += len(events)
    return count, repeats


async def _stored(nats_url: str) -> list[dict[str, Any]]:
    client = await nats.connect(nats_url)
    try:
        jetstream = client.jetstream(timeout=30)
        state = (await jetstream.stream_info(EVENT_STREAM)).state
        numbers = range(max(1, state.first_seq), state.last_seq + 1)
        messages = [await jetstream.get_msg(EVENT_STREAM, number) for number in numbers]
        told = [json.loads(message.data) for message in messages if (message.data or b"")[:1] == b"{"]
        # Other tests leave what is no event at all.
        return [event for event in told if "data" in event]
    finally:
        await client.close()
