"""No request about entries leaves without a journal in its filter: seen on the wire, for every public call."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entry_index import EntryIndex, IndexConfig, SearchFilters, Terms
from support.entries import direction, indexed_entry
from support.scripted_qdrant import ScriptedQdrant

journals = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
moments = st.none() | st.datetimes(timezones=st.timezones())
search_filters = st.builds(
    SearchFilters,
    written_from=moments,
    written_to=moments,
    tags=st.lists(journals, max_size=4).map(tuple),
    entry_ids=st.none() | st.lists(st.uuids(), max_size=3).map(tuple),
)
entries = st.builds(
    indexed_entry,
    journal=journals,
    revision=st.integers(1, 9),
    vectors=st.lists(st.just(direction(0)), max_size=70).map(tuple),
)


@pytest.fixture(scope="module")
def qdrant():
    with ScriptedQdrant() as script:
        yield script


def demands_journal(chosen, journals):
    """Whether a point must be in one of `journals` to pass, whichever way the filter is met."""
    if any(demands_condition(condition, journals) for condition in chosen.get("must") or []):
        return True
    alternatives = chosen.get("should") or []
    return bool(alternatives) and all(demands_condition(condition, journals) for condition in alternatives)


def demands_condition(condition, journals):
    if condition.get("key") == "journal":
        return condition.get("match", {}).get("value") in journals
    return "key" not in condition and demands_journal(condition, journals)


def filters_in(body):
    """The filters of a request: of each search in a batch, of each prefetch, and of what rarity is counted in."""
    if "searches" in body:
        for search in body["searches"]:
            yield from filters_in(search)
        return
    yield body.get("filter") or body.get("update_filter") or {}
    if "indices" in (body.get("query") or {}):
        yield body["params"]["idf"]["corpus"]
    for prefetch in body.get("prefetch") or []:
        yield from filters_in(prefetch)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journal=journals, filters=search_filters, batch=st.lists(entries, min_size=1, max_size=4))
def test_no_request_leaves_without_a_journal(qdrant, journal, filters, batch):
    qdrant.requests.clear()

    async def everything():
        async with EntryIndex(IndexConfig(url=qdrant.url, timeout_s=10)) as index:
            for vector in (direction(0), None):
                for terms in (Terms((7, 9), (1.0, 1.0)), None):
                    await index.search(journal, vector, terms=terms, limit=5, filters=filters, score_threshold=0.2)
            await index.similar(journal, batch[0].entry_id, 1, limit=5, filters=filters)
            await index.erase_entry(journal, batch[0].entry_id)
            await index.erase_journal(journal)
            await index.count(journal)
            await index.entry_revisions(journal)
            async for _ in index.vectors(journal, filters):
                pass
            own = len(qdrant.requests)
            await index.upsert_many(batch)
            return own

    own = asyncio.run(everything())
    # Of the four searches, the one for nothing asks nobody. Each erasure asks for the names of collections, too.
    assert own == 9 + 2
    assert len(qdrant.requests) >= 9 + 2 + 2
    written = {entry.journal for entry in batch}
    for number, (method, path, body) in enumerate(qdrant.requests):
        if (method, path) == ("GET", "/collections"):
            continue
        expected = {journal} if number < own else written
        assert all(demands_journal(chosen, expected) for chosen in filters_in(body)), (path, body)
        assert all(point["payload"]["journal"] in written for point in body.get("points", []))


def test_the_measure_itself_sees_a_filter_without_a_journal():
    anna = {"key": "journal", "match": {"value": "anna"}}
    tag = {"key": "tags", "match": {"value": "work"}}
    assert demands_journal({"must": [anna, tag]}, {"anna"})
    assert demands_journal({"should": [{"must": [anna]}, {"must": [tag, anna]}]}, {"anna"})
    assert not demands_journal({"must": [anna]}, {"bruno"})
    assert not demands_journal({"should": [anna, tag]}, {"anna"})
    assert not demands_journal({"must_not": [anna]}, {"anna"})
    assert not demands_journal({}, {"anna"})
