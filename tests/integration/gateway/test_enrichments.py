"""Results are recorded for the revision they were made of, and what nobody reports is asked for again."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from gateway.db.outbox import CHANNEL
from gateway.domain.errors import JournalNotFound, ScopeMissing, StoreUnavailable
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment, reprocess_entry, reprocess_journal
from gateway.service.erase import erase_entry
from gateway.service.read_entries import get_entry
from gateway.service.reconcile import reconcile
from gateway.service.replace_entry import replace_entry
from support.eventually import eventually
from support.gateway_store import draft, holder, pending_events, report

LONG_S = 3600.0


@pytest.fixture
async def entry(store, owner):
    created = (await create_entry(store, owner.principal, "anna", draft())).entry
    async with store.connection() as connection:
        await connection.execute("DELETE FROM outbox")
    return created


async def _embedding(store, owner, entry):
    return (await get_entry(store, owner.principal, "anna", entry.id)).enrichments["embedding"]


async def _record(store, owner, *args, **fields):
    return (await record_enrichment(store, owner.principal, report("anna", *args, **fields))).outcome


async def test_a_result_is_shown_and_told(store, owner, entry):
    assert await _record(store, owner, entry.id) == "recorded"
    view = await _embedding(store, owner, entry)
    assert (view.state, view.revision, view.result.dimension) == ("done", 1, 8)
    (event,) = await pending_events(store)
    assert (event.type, event.data.kind) == ("entry.enriched.v1", "embedding")


async def test_a_failure_is_shown_and_told_with_its_reason(store, owner, entry):
    assert await _record(store, owner, entry.id, reason="model_missing") == "recorded"
    view = await _embedding(store, owner, entry)
    assert (view.state, view.result, view.reason) == ("failed", None, "model_missing")
    (event,) = await pending_events(store)
    assert (event.type, event.data.reason) == ("enrichment.failed.v1", "model_missing")


async def test_a_result_replaces_a_failure_but_no_failure_a_result(store, owner, entry):
    await _record(store, owner, entry.id, reason="model_missing")
    await _record(store, owner, entry.id)
    await _record(store, owner, entry.id, reason="deadline_exceeded")
    assert (await _embedding(store, owner, entry)).state == "done"
    assert [event.type for event in await pending_events(store)] == ["enrichment.failed.v1", "entry.enriched.v1"]


async def test_the_same_report_ten_times_at_once_is_told_once(store, owner, entry):
    outcomes = await asyncio.gather(*(_record(store, owner, entry.id) for _ in range(10)))
    assert set(outcomes) == {"recorded"}
    assert len(await pending_events(store)) == 1


async def test_a_report_on_an_older_revision_is_refused(store, owner, entry):
    await replace_entry(store, owner.principal, "anna", entry.id, draft("New."), expected_revision=1)
    assert await _record(store, owner, entry.id, 1) == "stale_revision"
    assert (await _embedding(store, owner, entry)).state == "pending"
    assert [event.type for event in await pending_events(store)] == ["entry.revised.v1"]


async def test_a_report_on_an_erased_entry_brings_nothing_back(store, owner, entry):
    await erase_entry(store, owner.principal, "anna", entry.id)
    assert await _record(store, owner, entry.id) == "entry_gone"
    assert await _record(store, owner, uuid4()) == "entry_gone"
    assert [event.type for event in await pending_events(store)] == ["entry.erased.v1"]


async def test_only_workers_report_and_only_on_their_journals(store, owner, entry):
    writer = await holder(store, "read", "write", "admin")
    stranger = await holder(store, "enrich", journals=("ben",))
    with pytest.raises(ScopeMissing):
        await _record(store, writer, entry.id)
    with pytest.raises(JournalNotFound):
        await _record(store, stranger, entry.id)
    worker = await holder(store, "enrich")
    assert (await get_entry(store, worker.principal, "anna", entry.id)).body == entry.body


async def test_reprocessing_asks_again_for_the_kinds_that_are_named(store, owner, entry):
    await _record(store, owner, entry.id)
    shown = await reprocess_entry(store, owner.principal, "anna", entry.id, ["embedding"])
    assert shown.enrichments["embedding"].state == "pending"
    event = (await pending_events(store))[-1]
    assert (event.type, event.data.kinds, event.data.revision) == ("enrichment.requested.v1", ("embedding",), 1)


async def test_reprocessing_a_journal_asks_for_every_entry(store, owner, entry):
    more = [(await create_entry(store, owner.principal, "anna", draft(str(n)))).entry for n in range(3)]
    assert await reprocess_journal(store, owner.principal, "anna") == 4
    asked = [event for event in await pending_events(store) if event.type == "enrichment.requested.v1"]
    assert {event.data.entry_id for event in asked} == {entry.id, *(one.id for one in more)}
    with pytest.raises(JournalNotFound):
        await reprocess_journal(store, owner.principal, "nobody")


async def _age(store, interval):
    async with store.connection() as connection:
        await connection.execute(f"UPDATE enrichments SET requested_at = requested_at - interval '{interval}'")


async def test_overdue_enrichments_are_asked_for_again_in_one_event_an_entry(store, owner, entry):
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 0
    await _age(store, "2 hours")
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 2
    (event,) = await pending_events(store)
    assert (event.data.entry_id, event.data.kinds) == (entry.id, ("embedding", "mood"))


async def test_the_reconciler_waits_twice_as_long_each_time(store, owner, entry):
    await _age(store, "2 hours")
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 2
    await _age(store, "90 minutes")
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 0
    await _age(store, "60 minutes")
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 2


async def test_the_reconciler_leaves_alone_what_was_reported(store, owner, entry):
    await _record(store, owner, entry.id, reason="model_missing")
    await _age(store, "2 hours")
    assert await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) == 1
    (_, event) = await pending_events(store)
    assert event.data.kinds == ("mood",)


async def test_a_round_that_was_undone_is_not_counted(store, owner, entry):
    def counted():
        return REGISTRY.get_sample_value("daybook_gateway_enrichments_reissued_total", {"kind": "mood"}) or 0

    await _age(store, "2 hours")
    before = counted()
    async with store.connection() as connection:
        await connection.execute("ALTER TABLE task_evidence RENAME TO mislaid")
    with pytest.raises(StoreUnavailable):
        await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S)
    assert counted() == before
    async with store.connection() as connection:
        await connection.execute("ALTER TABLE mislaid RENAME TO task_evidence")
    await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S)
    assert counted() == before + 1


async def test_a_round_with_nothing_to_ask_for_wakes_no_relay(store, owner, database_url):
    told = []
    listener = await asyncpg.connect(database_url)
    try:
        await listener.add_listener(CHANNEL, lambda *notification: told.append(notification[-1]))
        await reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S)
        async with store.connection() as connection:
            await connection.execute("SELECT pg_notify($1, 'after')", CHANNEL)
        await eventually(lambda: _is_told(told))
    finally:
        await listener.close()
    assert told == ["after"]


async def _is_told(told):
    return told


async def test_five_reconcilers_at_once_ask_once(store, owner, entry):
    await _age(store, "2 hours")
    rounds = [reconcile(store, overdue_s=LONG_S, idempotency_keep_s=LONG_S) for _ in range(5)]
    assert sum(await asyncio.gather(*rounds)) == 2
    assert len(await pending_events(store)) == 1
