"""The mood that a writer gives is kept beside the inferred one, whatever a model makes of the entry."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from pydantic import ValidationError

from contracts.api import RecordEnrichment
from contracts.own_moods import OwnMood
from gateway.db.migrations import migrate
from gateway.domain.errors import IdempotencyMismatch
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.erase import erase_entry
from gateway.service.read_entries import get_entry
from gateway.service.replace_entry import replace_entry
from support.gateway_store import draft, tables_holding

OWN = {"label": "joyful", "valence": 0.5, "arousal": 0.25, "word": "quokka"}
#: sha256 of requests as they were stored before entries had a mood.
BEFORE = [
    (draft(), "9058109c9e9aaadbcc286b6ab65a878ec7571d19172e6e677c6bde9f1a02fabc"),
    (
        draft(written_at="2026-03-01T23:30:00-03:30", tags=["garden"], metadata={"a": 1.5, "b": 2}),
        "ce752d37ffaa3271814d924159cecd26ecac9c7b4493d8bbb07f6031b2b15c7f",
    ),
]


@pytest.fixture(scope="module")
def database_url(postgres_server):
    """One for all tests here: none counts what the others left."""
    url = postgres_server.create_database(f"own_moods_{uuid4().hex}")
    asyncio.run(migrate(url))
    return url


async def _create(store, owner, **fields):
    return (await create_entry(store, owner.principal, "anna", draft(**fields))).entry


def _inferred(entry_id, revision=1):
    result = {
        "kind": "mood",
        "method": "llm",
        "label": "sad",
        "valence": -0.75,
        "arousal": 0.5,
        "confidence": 1.0,
        "provenance": {"model": "m"},
    }
    return RecordEnrichment.model_validate(
        {"journal": "anna", "entry_id": entry_id, "revision": revision, "kind": "mood", "result": result}
    )


async def test_a_writers_mood_comes_back_as_it_was_given(store, owner):
    for mood in (
        OWN,
        {"label": "calm"},
        {"valence": -1.0},
        {"arousal": 0.0},
        {"word": "🏃\u200d♀️ schön"},
        {"valence": 0.1},
    ):
        entry = await _create(store, owner, mood=mood)
        assert entry.own_mood.model_dump(exclude_none=True) == mood
        assert await get_entry(store, owner.principal, "anna", entry.id) == entry
    assert (await _create(store, owner)).own_mood is None
    assert (await _create(store, owner, mood=None)).own_mood is None


async def test_an_inferred_mood_stands_beside_it(store, owner):
    entry = await _create(store, owner, mood=OWN)
    assert (await record_enrichment(store, owner.principal, _inferred(entry.id))).outcome == "recorded"
    seen = await get_entry(store, owner.principal, "anna", entry.id)
    assert seen.own_mood.model_dump() == OWN
    assert (seen.enrichments["mood"].result.label, seen.enrichments["mood"].result.valence) == ("sad", -0.75)


async def test_a_new_revision_has_the_mood_of_its_draft_or_none(store, owner):
    entry = await _create(store, owner, mood=OWN)
    other = await replace_entry(
        store, owner.principal, "anna", entry.id, draft(mood={"label": "tired"}), expected_revision=1
    )
    assert other.own_mood.model_dump(exclude_none=True) == {"label": "tired"}
    bare = await replace_entry(store, owner.principal, "anna", entry.id, draft(), expected_revision=2)
    assert bare.own_mood is None


async def test_a_request_that_was_stored_before_there_were_moods_is_still_known(store, owner):
    for key, (request, stored) in enumerate(BEFORE):
        made = await create_entry(store, owner.principal, "anna", request, idempotency_key=str(key))
        async with store.connection() as connection:
            await connection.execute(
                "UPDATE idempotency_keys SET request_hash = $1 WHERE entry_id = $2",
                bytes.fromhex(stored),
                made.entry.id,
            )
        again = await create_entry(store, owner.principal, "anna", request, idempotency_key=str(key))
        assert (again.entry.id, again.replayed) == (made.entry.id, True)


async def test_the_same_words_with_another_mood_are_another_request(store, owner):
    await create_entry(store, owner.principal, "anna", draft(mood={"valence": 0.5}), idempotency_key="k")
    assert (
        await create_entry(store, owner.principal, "anna", draft(mood={"valence": 0.5}), idempotency_key="k")
    ).replayed
    for other in (draft(mood={"valence": 0.25}), draft()):
        with pytest.raises(IdempotencyMismatch):
            await create_entry(store, owner.principal, "anna", other, idempotency_key="k")


async def test_an_erased_entry_leaves_nothing_of_it(store, owner, database_url):
    entry = await _create(store, owner, mood={"word": "wombat"})
    assert await tables_holding(database_url, "wombat") == ["entries"]
    await erase_entry(store, owner.principal, "anna", entry.id)
    assert await tables_holding(database_url, "wombat") == []


async def test_statistics_keep_no_word_of_it(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        target = await connection.fetchval(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'entries'::regclass AND attname = 'own_mood'"
        )
    finally:
        await connection.close()
    assert target == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"label": None},
        {"label": "meh"},
        {"valence": 1.01},
        {"valence": float("nan")},
        {"arousal": -0.01},
        {"arousal": float("inf")},
        {"word": "x" * 65},
        {"word": "   "},
        {"word": "a\x00b"},
        {"word": "a\nb"},
        {"valence": 0.5, "score": 3},
    ],
)
def test_a_mood_that_says_nothing_or_too_much_is_refused(wrong):
    with pytest.raises(ValidationError):
        OwnMood.model_validate(wrong)
