"""Reflections are numbered, written one at a time about the entry as it is, and kept as long as it."""

import asyncio
from uuid import uuid4

import pytest

from contracts.api import BeginReflection, RecordReflection
from contracts.journals import JournalSettingsChange
from contracts.reflections import ReflectionResult
from gateway.domain.errors import EntryNotFound, JournalNotFound, ReflectionNotFound, ScopeMissing
from gateway.service.create_entry import create_entry
from gateway.service.erase import erase_entry
from gateway.service.journal_settings import change_settings
from gateway.service.read_reflections import get_reflection, list_reflections
from gateway.service.reconcile import reconcile
from gateway.service.reflect import begin_reflection, record_reflection, request_reflection
from gateway.service.replace_entry import replace_entry
from support.gateway_store import draft, holder, pending_events, tables_holding

RESULT = ReflectionResult.model_validate(
    {"text": "You baked with Nora.", "questions": ["What stayed?"], "provenance": {"model": "m"}}
)


@pytest.fixture
async def entry(store, owner):
    created = (await create_entry(store, owner.principal, "anna", draft())).entry
    async with store.connection() as connection:
        await connection.execute("DELETE FROM outbox")
    return created


async def _request(store, owner, entry):
    return await request_reflection(store, owner.principal, "anna", entry.id)


async def _begin(store, owner, entry, version=1):
    request = BeginReflection(journal="anna", entry_id=entry.id, version=version)
    return await begin_reflection(store, owner.principal, request)


async def _record(store, owner, entry, version=1, revision=1, **outcome):
    report = RecordReflection(
        journal="anna", entry_id=entry.id, version=version, revision=revision, **(outcome or {"result": RESULT})
    )
    return (await record_reflection(store, owner.principal, report)).outcome


async def _orders(store, entry):
    """Version of each and whether somebody waits for it, in their order."""
    told = [event for event in await pending_events(store) if event.type == "reflection.requested.v1"]
    return [(event.data.version, event.data.interactive) for event in told if event.data.entry_id == entry.id]


async def _newest(store, owner, entry):
    return await get_reflection(store, owner.principal, "anna", entry.id)


async def test_a_request_is_pending_and_told(store, owner, entry):
    asked = await _request(store, owner, entry)
    assert (asked.version, asked.state, asked.revision) == (1, "pending", 1)
    (event,) = await pending_events(store)
    assert (event.type, event.data.version, event.data.interactive) == ("reflection.requested.v1", 1, True)


async def test_who_asks_while_one_is_pending_gets_that_one(store, owner, entry):
    asked = await asyncio.gather(*(_request(store, owner, entry) for _ in range(8)))
    assert {one.version for one in asked} == {1}
    assert len(await pending_events(store)) == 1


async def test_a_result_is_shown_and_told_and_the_next_request_is_a_new_version(store, owner, entry):
    await _request(store, owner, entry)
    assert await _record(store, owner, entry) == "recorded"
    first = await _newest(store, owner, entry)
    assert (first.state, first.result) == ("done", RESULT)
    assert (await _request(store, owner, entry)).version == 2
    versions = (await list_reflections(store, owner.principal, "anna", entry.id)).reflections
    assert [(one.version, one.state) for one in versions] == [(2, "pending"), (1, "done")]
    types = [event.type for event in await pending_events(store)]
    assert types == ["reflection.requested.v1", "reflection.completed.v1", "reflection.requested.v1"]


async def test_a_failure_is_shown_and_told_with_its_reason(store, owner, entry):
    await _request(store, owner, entry)
    assert await _record(store, owner, entry, reason="model_missing") == "recorded"
    assert (await _newest(store, owner, entry)).reason == "model_missing"
    assert (await pending_events(store))[-1].data.reason == "model_missing"


async def test_the_first_report_stays(store, owner, entry):
    await _request(store, owner, entry)
    assert await _record(store, owner, entry) == "recorded"
    assert await _record(store, owner, entry, reason="deadline_exceeded") == "settled"
    assert (await _newest(store, owner, entry)).state == "done"
    assert (await _begin(store, owner, entry)).outcome == "settled"


async def test_it_speaks_of_the_entry_as_it_was_when_writing_began(store, owner, entry):
    await _request(store, owner, entry)
    await replace_entry(store, owner.principal, "anna", entry.id, draft("New words."), expected_revision=1)
    begun = await _begin(store, owner, entry)
    assert (begun.outcome, begun.entry.body, begun.entry.revision) == ("begin", "New words.", 2)
    await replace_entry(store, owner.principal, "anna", entry.id, draft("Newer words."), expected_revision=2)
    assert await _record(store, owner, entry, revision=2) == "recorded"
    assert (await _newest(store, owner, entry)).revision == 2


async def test_it_goes_with_its_entry(store, database_url, owner, entry):
    await _request(store, owner, entry)
    await _record(store, owner, entry)
    await erase_entry(store, owner.principal, "anna", entry.id)
    assert (await _begin(store, owner, entry)).outcome == "entry_gone"
    assert await _record(store, owner, entry) == "entry_gone"
    assert await tables_holding(database_url, "You baked with Nora.") == []


async def test_a_journal_may_ask_for_one_with_every_new_entry(store, owner):
    change = JournalSettingsChange(reflect="always", related_entries=False)
    await change_settings(store, owner.principal, "anna", change)
    created = (await create_entry(store, owner.principal, "anna", draft())).entry
    types = [event.type for event in await pending_events(store)]
    assert types == ["entry.created.v1", "reflection.requested.v1"]
    assert not (await pending_events(store))[-1].data.interactive
    assert not (await _begin(store, owner, created)).related_entries


async def test_who_asks_by_hand_overtakes_those_that_nobody_waits_for(store, owner):
    await change_settings(store, owner.principal, "anna", JournalSettingsChange(reflect="always"))
    entry, other = [(await create_entry(store, owner.principal, "anna", draft())).entry for _ in range(2)]
    asked = [await _request(store, owner, entry) for _ in range(3)]
    assert {(one.version, one.state) for one in asked} == {(1, "pending")}
    assert await _orders(store, entry) == [(1, False), (1, True)], "once more, and not with every click"
    await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600)
    assert (await _orders(store, entry))[-1] == (1, True), "it keeps its place when it is ordered again"
    await _begin(store, owner, entry)
    await _record(store, owner, entry)
    assert (await _begin(store, owner, entry)).outcome == "settled", "the task that was overtaken has nothing to do"
    await _begin(store, owner, other)
    await _request(store, owner, other)
    assert (1, True) not in await _orders(store, other), "what is written already waits behind nothing"


async def test_who_asks_for_what_a_worker_has_lost_waits_no_longer_for_it_than_nobody(store, owner):
    await change_settings(store, owner.principal, "anna", JournalSettingsChange(reflect="always"))
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    await _begin(store, owner, entry)
    async with store.connection() as connection:
        await connection.execute("UPDATE reflections SET reissued_at = now() - interval '10 minutes'")
    await _request(store, owner, entry)
    await reconcile(store, overdue_s=300.0, idempotency_keep_s=3600)
    assert await _orders(store, entry) == [(1, False), (1, True)]


async def test_what_nobody_reports_is_asked_for_again(store, owner, entry):
    await _request(store, owner, entry)
    assert await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600) == 3, "two enrichments and the reflection"
    again = [event for event in await pending_events(store) if event.type == "reflection.requested.v1"]
    assert [event.data.version for event in again] == [1, 1]
    await _record(store, owner, entry)
    assert await reconcile(store, overdue_s=0.0, idempotency_keep_s=3600) == 2


async def test_what_is_not_there_is_said(store, owner, entry):
    with pytest.raises(ReflectionNotFound):
        await _newest(store, owner, entry)
    with pytest.raises(EntryNotFound):
        await get_reflection(store, owner.principal, "anna", uuid4())
    with pytest.raises(EntryNotFound):
        await request_reflection(store, owner.principal, "anna", uuid4())
    with pytest.raises(JournalNotFound):
        await list_reflections(store, owner.principal, "berta", entry.id)


async def test_each_deed_needs_its_scope(store, owner, entry):
    reader = await holder(store, "read")
    worker = await holder(store, "enrich")
    with pytest.raises(ScopeMissing):
        await _request(store, reader, entry)
    with pytest.raises(ScopeMissing):
        await _begin(store, reader, entry)
    with pytest.raises(ScopeMissing):
        await _record(store, reader, entry)
    with pytest.raises(ScopeMissing):
        await _newest(store, worker, entry)
    with pytest.raises(ScopeMissing):
        await change_settings(store, reader.principal, "anna", JournalSettingsChange(reflect="always"))
