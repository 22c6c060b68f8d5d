"""Pages miss no entry and repeat none; a replacement never overwrites what its writer has not seen."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.domain.errors import CursorInvalid, EntryNotFound, JournalNotFound, RevisionMismatch
from gateway.service.create_entry import create_entry
from gateway.service.put_journal import put_journal
from gateway.service.read_entries import get_entry, list_entries
from gateway.service.replace_entry import replace_entry
from support.gateway_store import draft, pending_events

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def _fill(store, owner, count):
    """Two entries each minute, so that pages end between entries of the same moment."""
    return [
        (
            await create_entry(
                store,
                owner.principal,
                "anna",
                draft(f"Entry {n}", written_at=MONDAY + timedelta(minutes=n // 2), tags=["even"] if n % 2 == 0 else []),
            )
        ).entry
        for n in range(count)
    ]


async def _pages(store, owner, **filters):
    cursor, pages = None, []
    while True:
        page = await list_entries(store, owner.principal, "anna", cursor=cursor, **filters)
        pages.append([entry.body for entry in page.entries])
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_pages_hold_every_entry_once_newest_first(store, owner):
    made = await _fill(store, owner, 11)
    pages = await _pages(store, owner, limit=3)
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    newest_first = sorted(made, key=lambda entry: (entry.written_at, entry.id), reverse=True)
    assert [body for page in pages for body in page] == [entry.body for entry in newest_first]


async def test_a_page_that_is_exactly_full_is_the_last(store, owner):
    await _fill(store, owner, 4)
    assert [len(page) for page in await _pages(store, owner, limit=2)] == [2, 2]


async def test_filters_hold_on_every_page(store, owner):
    await _fill(store, owner, 10)
    pages = await _pages(
        store,
        owner,
        limit=2,
        written_from=MONDAY + timedelta(minutes=1),
        written_to=MONDAY + timedelta(minutes=4),
        tags=("even",),
    )
    assert pages == [["Entry 6", "Entry 4"], ["Entry 2"]]
    assert await _pages(store, owner, tags=("even", "odd")) == [[]]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "bnVsbA", "ü", "W251bGwsIG51bGxd", "x" * 4000])
async def test_a_cursor_that_is_not_ours_is_refused(store, owner, cursor):
    with pytest.raises(CursorInvalid):
        await list_entries(store, owner.principal, "anna", cursor=cursor)


async def test_entries_of_another_journal_are_not_there(store, owner):
    await put_journal(store, owner.principal, "ben")
    (entry,) = await _fill(store, owner, 1)
    with pytest.raises(EntryNotFound):
        await get_entry(store, owner.principal, "ben", entry.id)
    with pytest.raises(JournalNotFound):
        await get_entry(store, owner.principal, "nobody", entry.id)
    with pytest.raises(JournalNotFound):
        await list_entries(store, owner.principal, "nobody")
    assert (await list_entries(store, owner.principal, "ben")).entries == ()


async def test_a_replacement_is_the_next_revision_and_pending_again(store, owner):
    (entry,) = await _fill(store, owner, 1)
    revised = await replace_entry(
        store, owner.principal, "anna", entry.id, draft("Better.", tags=["new"]), expected_revision=1
    )
    assert (revised.revision, revised.body, revised.tags) == (2, "Better.", ("new",))
    assert revised.written_at == entry.written_at
    assert {(view.state, view.revision) for view in revised.enrichments.values()} == {("pending", 2)}
    assert revised == await get_entry(store, owner.principal, "anna", entry.id)
    assert [event.type for event in await pending_events(store)] == ["entry.created.v1", "entry.revised.v1"]


async def test_of_ten_replacements_of_one_revision_one_wins(store, owner):
    (entry,) = await _fill(store, owner, 1)
    send = [
        replace_entry(store, owner.principal, "anna", entry.id, draft(f"By {n}"), expected_revision=1)
        for n in range(10)
    ]
    outcomes = await asyncio.gather(*send, return_exceptions=True)
    assert sum(isinstance(outcome, RevisionMismatch) for outcome in outcomes) == 9
    assert (await get_entry(store, owner.principal, "anna", entry.id)).revision == 2


async def test_what_is_not_there_cannot_be_replaced(store, owner):
    with pytest.raises(EntryNotFound):
        await replace_entry(store, owner.principal, "anna", uuid4(), draft(), expected_revision=1)
