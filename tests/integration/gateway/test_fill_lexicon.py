"""Entries whose words are not indexed as they should be are asked for again, and their results stay meanwhile."""

from contracts.api import RecordEnrichment
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.fill_lexicon import fill_lexicon
from gateway.service.read_entries import get_entry
from support.gateway_store import draft, pending_events, report


async def _embedded(store, owner, lexicon):
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    made = report("anna", entry.id)
    result = made.result.model_copy(update={"lexicon": lexicon})
    await record_enrichment(store, owner.principal, RecordEnrichment(**{**dict(made), "result": result}))
    return entry.id


async def _asked(store):
    return {event.data.entry_id for event in await pending_events(store) if event.type == "enrichment.requested.v1"}


async def test_what_was_indexed_before_there_was_a_lexicon_is_indexed_again(store, owner):
    old, other_key = await _embedded(store, owner, ""), await _embedded(store, owner, "1-other")
    await _embedded(store, owner, "1-mine")
    await create_entry(store, owner.principal, "anna", draft("Nobody embedded this yet."))
    assert await fill_lexicon(store, "1-mine", overdue_s=60) == 2
    assert await _asked(store) == {old, other_key}
    (event, *_) = [event for event in await pending_events(store) if event.type == "enrichment.requested.v1"]
    assert event.data.kinds == ("embedding",)
    view = await get_entry(store, owner.principal, "anna", old)
    assert view.enrichments["embedding"].state == "done"


async def test_an_entry_that_was_asked_for_has_time_before_it_is_asked_for_again(store, owner):
    await _embedded(store, owner, "")
    assert await fill_lexicon(store, "1-mine", overdue_s=60) == 1
    assert await fill_lexicon(store, "1-mine", overdue_s=60) == 0
    assert await fill_lexicon(store, "1-mine", overdue_s=0) == 1


async def test_nothing_is_asked_for_when_all_is_well(store, owner):
    await _embedded(store, owner, "1-mine")
    assert await fill_lexicon(store, "1-mine", overdue_s=0) == 0
