"""The NATS API answers every request: with what was asked for, or with a typed problem."""

import asyncio
import json
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import nats
import pytest
from faststream.nats import NatsBroker

from contracts import subjects
from contracts.api import CreateEntry, FindSimilar, GetEntry, ListMoods, PageMoods, ProblemReply, RecordReply, Search
from contracts.entries import EntryView
from contracts.evidence import EvidenceReply
from contracts.moods import MoodPage, MoodsQuery, MoodTimeline, TimelineQuery
from contracts.search import SearchAnswer, SearchQuery
from entry_index import EntryHit
from gateway.messaging.api import create_broker
from gateway.messaging.intake import nats_intake
from gateway.service.create_entry import create_entry
from gateway.service.put_journal import put_journal
from support.eventually import eventually
from support.gateway_store import FixedFinder, context_over, draft, holder, pending_events, report
from support.log_lines import log_lines
from support.moods import Written, insert_written
from worker_kit import GatewayClient, GatewayConfig, GatewayRefused


@pytest.fixture
def finder():
    return FixedFinder()


@pytest.fixture
async def client(nats_server):
    connected = await nats.connect(nats_server.url)
    yield connected
    await connected.close()


@pytest.fixture
async def broker(nats_server, store, finder):
    context = context_over(store, finder)
    made = create_broker(nats_server.url, lambda: context)
    async with nats_intake(made, grace_s=10):
        await eventually(lambda: _is_running(made))
        yield made


@pytest.fixture
def ask(client, broker, owner):
    async def ask(subject, body, answer, headers=None):
        raw = body if isinstance(body, bytes) else body.model_dump_json().encode()
        reply = await client.request(subject, raw, timeout=10, headers=owner.headers if headers is None else headers)
        return answer.model_validate_json(reply.data)

    return ask


async def _is_running(broker: NatsBroker) -> bool:
    return broker.running


async def test_an_entry_is_created_and_read(ask):
    created = await ask(subjects.ENTRIES_CREATE, CreateEntry(journal="anna", entry=draft("Grüße 🌧")), EntryView)
    seen = await ask(subjects.ENTRIES_GET, GetEntry(journal="anna", entry_id=created.id), EntryView)
    assert seen == created
    assert seen.body == "Grüße 🌧"


async def test_a_repeated_request_makes_one_entry(ask, owner):
    headers = {**owner.headers, "Idempotency-Key": "k"}
    request = CreateEntry(journal="anna", entry=draft())
    replies = [await ask(subjects.ENTRIES_CREATE, request, EntryView, headers) for _ in range(2)]
    assert replies[0].id == replies[1].id
    other = CreateEntry(journal="anna", entry=draft("Other."))
    refused = await ask(subjects.ENTRIES_CREATE, other, ProblemReply, headers)
    assert (refused.problem.status, refused.problem.type) == (422, "urn:daybook:problem:idempotency-mismatch")


async def test_a_worker_records_and_is_answered_after_the_commit(ask, store, owner):
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    reply = await ask(subjects.ENRICHMENTS_RECORD, report("anna", entry.id), RecordReply)
    assert reply.outcome == "recorded"
    assert [event.type for event in await pending_events(store)] == ["entry.created.v1", "entry.enriched.v1"]
    stale = await ask(subjects.ENRICHMENTS_RECORD, report("anna", entry.id, 7), RecordReply)
    assert stale.outcome == "stale_revision"


async def test_a_search_shows_the_passage_of_the_newest_revision_only(ask, store, owner, finder):
    entry = (await create_entry(store, owner.principal, "anna", draft("Nothing. The garden was full of bees."))).entry
    finder.hits = [
        EntryHit(entry.id, 1, 0.9, 0, 9, 37),
        EntryHit(entry.id, 2, 0.8, 0, 0, 5),
        EntryHit(uuid4(), 1, 0.7, 0, 0, 5),
    ]
    answer = await ask(subjects.SEARCH, Search(journal="anna", search=SearchQuery(query="bees")), SearchAnswer)
    (hit,) = answer.hits
    assert (hit.entry_id, hit.snippet, answer.model) == (entry.id, "The garden was full of bees.", "test-model")


async def test_a_fault_of_ours_is_told_without_a_word_of_the_entry(ask, finder, monkeypatch):
    async def find(*_question, **_limit):
        raise RuntimeError("Failing row contains (elderflower)")

    monkeypatch.setattr(finder, "find", find)
    with log_lines() as lines:
        request = Search(journal="anna", search=SearchQuery(query="elderflower"))
        reply = await ask(subjects.SEARCH, request, ProblemReply)
    assert (reply.problem.status, reply.problem.type) == (500, "urn:daybook:problem:internal")
    (failed,) = lines.of("nats.failed")
    assert (failed["error"], failed["subject"]) == ("RuntimeError", subjects.SEARCH)
    assert any("test_nats_api.py" in frame for frame in failed["frames"])
    assert failed["correlation_id"]
    assert "elderflower" not in lines.text


async def test_moods_are_answered_in_buckets_and_one_by_one(ask, store, owner):
    entry = (await create_entry(store, owner.principal, "anna", draft(mood={"valence": 0.5, "word": "quokka"}))).entry
    timeline = await ask(subjects.MOODS_LIST, ListMoods(journal="anna"), MoodTimeline)
    assert len(timeline.buckets) == 30
    assert (timeline.buckets[-1].missing, timeline.buckets[-1].own.n) == ("pending", 1)
    page = await ask(subjects.MOODS_PAGE, PageMoods(journal="anna"), MoodPage)
    (mood,) = page.moods
    assert (mood.entry_id, mood.state, mood.own.valence, page.next_cursor) == (entry.id, "pending", 0.5, None)
    assert "quokka" not in page.model_dump_json()
    long = TimelineQuery.model_validate({"first_day": "2024-01-01", "last_day": "2026-09-27"})
    refused = await ask(subjects.MOODS_LIST, ListMoods(journal="anna", timeline=long), ProblemReply)
    assert refused.problem.type == "urn:daybook:problem:timeline-too-long"
    backwards = b'{"journal": "anna", "timeline": {"first_day": "2026-01-02", "last_day": "2026-01-01"}}'
    refused = await ask(subjects.MOODS_LIST, backwards, ProblemReply)
    assert [error.pointer for error in refused.problem.errors] == ["/timeline"]
    reader = await holder(store, "read")
    refused = await ask(subjects.MOODS_PAGE, PageMoods(journal="anna"), ProblemReply, reader.headers)
    assert refused.problem.status == 403


async def test_a_worker_reads_five_thousand_moods_in_five_requests(broker, nats_server, store, owner):
    third = 1 / 3
    own = {"label": "grateful", "valence": -third, "arousal": third, "word": "\N{SLEUTH OR SPY}" * 64}
    noon = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    each = [Written(noon - timedelta(hours=n), "done", "grateful", -third, third, own) for n in range(5000)]
    ids = await insert_written(store, "anna", each)
    seen, query, requests = [], MoodsQuery(), 0
    async with GatewayClient(GatewayConfig(nats_url=nats_server.url, key=owner.key)) as gateway:
        while query is not None:
            page = await gateway.page_moods("anna", query)
            seen += [mood.entry_id for mood in page.moods]
            query = MoodsQuery(cursor=page.next_cursor) if page.next_cursor else None
            requests += 1
        with pytest.raises(GatewayRefused):
            await gateway.page_moods("nobody", MoodsQuery())
    assert (seen, requests) == (ids[::-1], 5)


async def test_what_is_similar_to_an_entry_is_answered_over_nats_too(ask, store, owner, finder):
    entry, other = [(await create_entry(store, owner.principal, "anna", draft(body))).entry for body in ("One", "Two")]
    finder.hits = [EntryHit(other.id, 1, 0.9, 0, 0, 3, dense=0.9)]
    answer = await ask(subjects.ENTRIES_SIMILAR, FindSimilar(journal="anna", entry_id=entry.id), SearchAnswer)
    assert [(hit.entry_id, hit.snippet, hit.scores.dense) for hit in answer.hits] == [(other.id, "Two", 0.9)]
    finder.hits = []
    reply = await ask(subjects.ENTRIES_SIMILAR, FindSimilar(journal="anna", entry_id=entry.id), ProblemReply)
    assert (reply.problem.status, reply.problem.type) == (409, "urn:daybook:problem:entry-not-indexed")


BAD_BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"journal": "\xff"}',
    "null": b"null",
    "a list": b"[1, 2]",
    "a string": b'"journal"',
    "too deep": b"[" * 100_000,
    "wrong types": b'{"journal": 1, "entry": []}',
    "unknown field": b'{"journal": "anna", "entry": {"body": "SECRET"}, "extra": 1}',
    "lone surrogate": b'{"journal": "anna", "entry": {"body": "SECRET \\ud800"}}',
    "NUL": b'{"journal": "anna", "entry": {"body": "SECRET \\u0000"}}',
    "NaN": b'{"journal": "anna", "entry": {"body": "SECRET", "metadata": {"a": NaN}}}',
    "no time zone": b'{"journal": "anna", "entry": {"body": "SECRET", "written_at": "2026-03-01T10:00:00"}}',
    "bad name": b'{"journal": "../x", "entry": {"body": "SECRET"}}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_answered_without_an_echo(ask, name, store):
    reply = await ask(subjects.ENTRIES_CREATE, BAD_BODIES[name], ProblemReply)
    assert (reply.problem.status, reply.problem.type) == (422, "urn:daybook:problem:request-invalid")
    assert reply.problem.errors
    assert "SECRET" not in reply.model_dump_json()
    assert await pending_events(store) == []


async def test_a_fault_is_told_by_its_json_pointer(ask):
    body = json.dumps({"journal": "anna", "entry": {"body": "x", "tags": ["ok", 7]}}).encode()
    reply = await ask(subjects.ENTRIES_CREATE, body, ProblemReply)
    assert [error.pointer for error in reply.problem.errors] == ["/entry/tags/1"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer dbk_x"}]
)
async def test_without_a_key_there_is_no_answer_but_401(ask, headers):
    reply = await ask(subjects.ENTRIES_GET, GetEntry(journal="anna", entry_id=uuid4()), ProblemReply, headers)
    assert (reply.problem.status, reply.problem.type) == (401, "urn:daybook:problem:key-invalid")


async def test_without_a_key_a_bad_body_is_answered_with_401_too(ask):
    reply = await ask(subjects.ENTRIES_CREATE, BAD_BODIES["unknown field"], ProblemReply, {})
    assert (reply.problem.status, reply.problem.type) == (401, "urn:daybook:problem:key-invalid")


async def test_a_key_with_a_known_id_and_another_secret_is_refused(ask, owner):
    forged = owner.key[:-1] + ("A" if owner.key[-1] != "A" else "B")
    headers = {"Authorization": f"Bearer {forged}"}
    reply = await ask(subjects.ENTRIES_GET, GetEntry(journal="anna", entry_id=uuid4()), ProblemReply, headers)
    assert reply.problem.status == 401


async def test_keys_never_cross_journals(ask, store, owner):
    await put_journal(store, owner.principal, "ben")
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    ben = (await holder(store, "read", "write", "admin", "enrich", journals=("ben",))).headers
    requests = [
        (subjects.ENTRIES_CREATE, CreateEntry(journal="anna", entry=draft())),
        (subjects.ENTRIES_GET, GetEntry(journal="anna", entry_id=entry.id)),
        (subjects.SEARCH, Search(journal="anna", search=SearchQuery(query="rain"))),
        (subjects.ENRICHMENTS_RECORD, report("anna", entry.id)),
        (subjects.MOODS_LIST, ListMoods(journal="anna")),
        (subjects.MOODS_PAGE, PageMoods(journal="anna")),
    ]
    for subject, request in requests:
        reply = await ask(subject, request, ProblemReply, ben)
        assert (reply.problem.status, reply.problem.type) == (404, "urn:daybook:problem:journal-not-found")
    through_own = GetEntry(journal="ben", entry_id=entry.id)
    reply = await ask(subjects.ENTRIES_GET, through_own, ProblemReply, ben)
    assert reply.problem.type == "urn:daybook:problem:entry-not-found"


async def test_a_missing_scope_is_told(ask, store):
    reader = await holder(store, "read")
    request = CreateEntry(journal="anna", entry=draft())
    reply = await ask(subjects.ENTRIES_CREATE, request, ProblemReply, reader.headers)
    assert (reply.problem.status, reply.problem.detail) == (403, "The key needs the scope write.")


async def test_a_fault_of_ours_is_answered_without_its_words(ask, finder, store):
    class Broken(FixedFinder):
        async def find(self, journal, search, filters, *, limit):
            raise RuntimeError("SECRET")

    finder.find = Broken().find
    request = Search(journal="anna", search=SearchQuery(query="x"))
    reply = await ask(subjects.SEARCH, request, ProblemReply)
    assert (reply.problem.status, reply.problem.type) == (500, "urn:daybook:problem:internal")
    assert "SECRET" not in reply.model_dump_json()


async def test_a_gateway_that_stops_answers_everything_it_took(nats_server, client, store, owner):
    context = context_over(store)
    broker = create_broker(nats_server.url, lambda: context, workers=2)
    async with nats_intake(broker, grace_s=10):
        await eventually(lambda: _is_running(broker))
        body = CreateEntry(journal="anna", entry=draft()).model_dump_json().encode()
        requests = [
            asyncio.create_task(client.request(subjects.ENTRIES_CREATE, body, timeout=10, headers=owner.headers))
            for _ in range(100)
        ]
        await eventually(lambda: pending_events(store))
    replies = await asyncio.gather(*requests, return_exceptions=True)
    answered = [reply for reply in replies if not isinstance(reply, Exception)]
    # Each was either answered or never taken: nobody waits for a reply that does not come.
    assert all(isinstance(reply, nats.errors.NoRespondersError) for reply in replies if isinstance(reply, Exception))
    assert len(answered) == len(await pending_events(store))
    assert answered


async def test_a_gateway_stops_while_nats_is_away(store):
    context = context_over(store)
    broker = create_broker("nats://127.0.0.1:1", lambda: context)
    async with asyncio.timeout(10), nats_intake(broker, grace_s=1):
        await asyncio.sleep(0)


async def test_a_worker_reports_evidence_once(ask):
    report = {
        "worker": str(uuid4()),
        "sequence": 1,
        "began_at": "2026-11-24T07:30:00Z",
        "ended_at": "2026-11-24T07:30:15Z",
        "kinds": [
            {
                "task": "enrichment.embed",
                "tasks": 3,
                "busy_s": 0.2,
                "bridge_s": 0.001,
                "inference_s": 0.1,
                "tasks_with_inference": 3,
            }
        ],
    }
    raw = json.dumps(report).encode()
    assert [(await ask(subjects.EVIDENCE_REPORT, raw, EvidenceReply)).outcome for _ in range(2)] == [
        "recorded",
        "known",
    ]
    for wrong in ({"ended_at": report["began_at"]}, {"kinds": []}, {"kinds": report["kinds"] * 2}, {"sequence": 0}):
        refused = await ask(subjects.EVIDENCE_REPORT, json.dumps({**report, **wrong}).encode(), ProblemReply)
        assert (refused.problem.status, refused.problem.type) == (422, "urn:daybook:problem:request-invalid")
