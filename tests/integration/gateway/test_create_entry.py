"""A request makes one entry, however often and by however many it is sent."""

import asyncio

import pytest

from gateway.domain.errors import (
    IdempotencyInFlight,
    IdempotencyKeyInvalid,
    IdempotencyMismatch,
    JournalNotFound,
    ScopeMissing,
)
from gateway.service.create_entry import Created, create_entry
from gateway.service.erase import erase_entry
from gateway.service.put_journal import put_journal
from gateway.service.read_entries import get_entry, list_entries
from gateway.service.reconcile import reconcile
from support.gateway_store import draft, holder, pending_events


async def test_an_entry_comes_with_pending_enrichments_and_one_event(store, owner):
    created = await create_entry(store, owner.principal, "anna", draft(tags=["garden"], metadata={"n": [1.5, None]}))
    assert not created.replayed
    assert created.entry == await get_entry(store, owner.principal, "anna", created.entry.id)
    assert {kind: view.state for kind, view in created.entry.enrichments.items()} == {
        "embedding": "pending",
        "mood": "pending",
    }
    (event,) = await pending_events(store)
    assert (event.type, event.data.entry_id, event.data.revision) == ("entry.created.v1", created.entry.id, 1)


async def test_written_at_keeps_its_time_zone(store, owner):
    created = await create_entry(store, owner.principal, "anna", draft(written_at="2026-03-01T23:30:00-03:30"))
    seen = await get_entry(store, owner.principal, "anna", created.entry.id)
    assert seen.written_at.isoformat() == "2026-03-01T23:30:00-03:30"


async def test_twenty_at_once_with_one_key_make_one_entry(store, owner):
    send = [create_entry(store, owner.principal, "anna", draft(), idempotency_key="k") for _ in range(20)]
    outcomes = await asyncio.gather(*send, return_exceptions=True)
    made = [outcome for outcome in outcomes if isinstance(outcome, Created)]
    assert [one.replayed for one in made].count(False) == 1
    assert len({one.entry.id for one in made}) == 1
    assert all(isinstance(outcome, Created | IdempotencyInFlight) for outcome in outcomes)
    assert len((await list_entries(store, owner.principal, "anna")).entries) == 1
    assert len(await pending_events(store)) == 1


async def test_a_repeat_gets_the_same_entry_as_it_is_now(store, owner):
    first = await create_entry(store, owner.principal, "anna", draft(metadata={"a": 1, "b": 2}), idempotency_key="k")
    again = await create_entry(store, owner.principal, "anna", draft(metadata={"b": 2, "a": 1}), idempotency_key="k")
    assert again == Created(first.entry, replayed=True)


async def test_a_key_with_another_request_is_refused(store, owner):
    await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")
    with pytest.raises(IdempotencyMismatch):
        await create_entry(store, owner.principal, "anna", draft("Something else."), idempotency_key="k")


async def test_keys_of_other_journals_and_other_clients_are_others(store, owner):
    await put_journal(store, owner.principal, "ben")
    other = await holder(store, "write")
    made = [
        await create_entry(store, principal, journal, draft(), idempotency_key="k")
        for principal, journal in [(owner.principal, "anna"), (owner.principal, "ben"), (other.principal, "anna")]
    ]
    assert len({created.entry.id for created in made}) == 3


async def test_a_key_is_free_again_after_its_entry_was_erased(store, owner):
    first = await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")
    await erase_entry(store, owner.principal, "anna", first.entry.id)
    second = await create_entry(store, owner.principal, "anna", draft("New."), idempotency_key="k")
    assert second.entry.id != first.entry.id


async def test_a_key_is_free_again_when_it_has_expired(store, owner):
    await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")
    await reconcile(store, overdue_s=1000, idempotency_keep_s=3600)
    assert (await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")).replayed
    await reconcile(store, overdue_s=1000, idempotency_keep_s=0)
    assert not (await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")).replayed


async def test_a_round_does_not_wait_for_an_erasure_that_may_wait_for_it(store, owner):
    await create_entry(store, owner.principal, "anna", draft(), idempotency_key="k")
    async with store.transaction() as erasing:
        await erasing.execute("DELETE FROM entries")
        await reconcile(store, overdue_s=1000, idempotency_keep_s=0)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ünicode"])
async def test_a_key_out_of_bounds_is_refused(store, owner, key):
    with pytest.raises(IdempotencyKeyInvalid):
        await create_entry(store, owner.principal, "anna", draft(), idempotency_key=key)


async def test_nothing_is_written_to_a_journal_that_nobody_made(store, owner):
    with pytest.raises(JournalNotFound):
        await create_entry(store, owner.principal, "nobody", draft())
    assert await pending_events(store) == []


async def test_a_foreign_journal_is_not_found_and_a_missing_scope_is_told(store, owner):
    stranger = await holder(store, "read", "write", journals=("ben",))
    reader = await holder(store, "read")
    with pytest.raises(JournalNotFound):
        await create_entry(store, stranger.principal, "anna", draft())
    with pytest.raises(ScopeMissing):
        await create_entry(store, reader.principal, "anna", draft())
