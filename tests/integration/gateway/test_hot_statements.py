"""What is asked all the time goes by indexes, in a database of many journals."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from support.query_plans import GROWING, hot_statements, plan_of

JOURNALS, ENTRIES = 100, 100
NOW = datetime(2026, 11, 29, tzinfo=UTC)
#: All settled, as nearly all is at any moment.
FILL = f"""
INSERT INTO journals (name) SELECT 'j-' || n FROM generate_series(1, {JOURNALS}) AS n;
INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)
SELECT gen_random_uuid(), 'j-' || j, 1, repeat('word ', 100), timestamptz '2026-11-29' - e * interval '1 day', 0,
    ARRAY[CASE WHEN e % 10 = 0 THEN 'rain' ELSE 'sun' END], '{{}}'
FROM generate_series(1, {JOURNALS}) AS j, generate_series(1, {ENTRIES}) AS e;
INSERT INTO enrichments (entry_id, kind, state, revision, result)
SELECT id, kind, 'done', 1, '{{"lexicon": "1-mine", "label": "calm", "valence": 0.5, "arousal": 0.5}}'
FROM entries, unnest(ARRAY['embedding', 'mood']) AS kind;
INSERT INTO reflections (entry_id, version, revision, state, interactive, result)
SELECT id, 1, 1, 'done', false, '{{}}' FROM entries;
INSERT INTO idempotency_keys (key_id, journal, idempotency_hash, request_hash, entry_id)
SELECT (SELECT min(id) FROM api_keys), journal, sha256(id::text::bytea), sha256(id::text::bytea), id FROM entries;
INSERT INTO reports (id, journal, kind, first_day, last_day, time_zone, scheduled, state, result)
SELECT gen_random_uuid(), 'j-' || j, 'weekly', date '2026-11-29' - 7 * w, date '2026-11-29' - 7 * w + 6, 'UTC', true,
    'done', '{{}}'
FROM generate_series(1, {JOURNALS}) AS j, generate_series(1, 20) AS w;
INSERT INTO report_entries (report_id, entry_id)
SELECT report.id, entry.id FROM reports AS report JOIN entries AS entry USING (journal)
WHERE entry.written_at >= report.first_day AND entry.written_at < report.last_day + 1;
"""


@pytest.fixture
async def connection(store, owner):
    async with store.connection() as connection:
        await connection.execute(FILL)
        await connection.execute("VACUUM ANALYZE")
        yield connection


async def test_none_of_them_reads_a_table_that_grows_from_end_to_end(connection):
    rows = await connection.fetch("SELECT id FROM entries WHERE journal = 'j-7' ORDER BY written_at")
    hot = hot_statements("j-7", [row["id"] for row in rows], NOW.replace(month=10))
    plans = [await plan_of(connection, each) for each in hot]
    scanning = {plan.hot.when: sorted(plan.scanned & GROWING) for plan in plans if plan.scanned & GROWING}
    assert scanning == {}


async def test_words_of_another_lexicon_are_found_without_reading_every_embedding(connection):
    statements = hot_statements("j-7", [UUID(int=1)], NOW)
    (look,) = [each for each in statements if each.name == "span_lexicons"]
    plan = await plan_of(connection, look)
    assert (plan.indexes, plan.scanned) == (("enrichments_by_lexicon",), frozenset())
