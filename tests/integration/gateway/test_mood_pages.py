"""Moods one by one, in pages: each with what is known of it, and without a word of the writer's."""

import json
from datetime import UTC, datetime, timedelta, timezone

from contracts.moods import MoodsQuery
from gateway.service.read_moods import page_moods
from support.moods import DAY, Written, insert_written

NOVEMBER = datetime(2026, 11, 24, 20, tzinfo=UTC)


async def test_a_page_has_each_mood_without_a_word(store, owner):
    at = datetime(2026, 11, 24, 23, tzinfo=timezone(timedelta(hours=-5)))
    ids = await insert_written(
        store,
        "anna",
        [
            Written(at, label="sad", valence=-0.5, arousal=0.5, own={"valence": 1.0, "word": "quokka"}),
            Written(at + DAY, label=None, valence=0.1),
            Written(at + 2 * DAY, state="stale"),
            Written(at + 3 * DAY, state="failed", own={"label": "calm"}),
        ],
    )
    page = await page_moods(store, owner.principal, "anna", MoodsQuery())
    shown = [json.loads(mood.model_dump_json(exclude_none=True)) for mood in page.moods]
    assert [(mood["state"], mood.get("inferred")) for mood in shown] == [
        ("done", {"label": "sad", "valence": -0.5, "arousal": 0.5}),
        ("abstained", None),
        ("pending", None),
        ("failed", None),
    ]
    assert [mood.entry_id for mood in page.moods] == ids
    assert (shown[0]["written_at"], shown[0]["revision"], shown[0]["own"]) == (
        *("2026-11-24T23:00:00-05:00", 2),
        {"valence": 1.0},
    )
    assert "quokka" not in page.model_dump_json()
    part = MoodsQuery(written_from=at + DAY, written_to=at + 3 * DAY)
    assert [mood.entry_id for mood in (await page_moods(store, owner.principal, "anna", part)).moods] == ids[1:3]


async def test_moods_of_the_same_moment_are_paged_without_loss(store, owner):
    ids = await insert_written(store, "anna", [Written(NOVEMBER)] * 7)
    seen, cursor = [], None
    for size in (3, 3, 1):
        page = await page_moods(store, owner.principal, "anna", MoodsQuery(limit=3, cursor=cursor))
        assert len(page.moods) == size
        seen += [mood.entry_id for mood in page.moods]
        cursor = page.next_cursor
    assert (sorted(seen), cursor) == (sorted(ids), None)
