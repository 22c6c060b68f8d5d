from datetime import UTC, datetime

import httpx
import pytest

from contracts.enrichments import EmbeddingResult, EnrichmentView, MoodResult, Provenance
from contracts.entries import EntryPage, EntryView
from contracts.identifiers import new_id
from devstack.demo.diary import load_diary
from devstack.demo.gateway_client import GatewayAway, GatewayClient, GatewayRefused
from devstack.demo.posting import post_diary
from devstack.demo.waiting import Tally, tally, wait_until_settled

NOW = datetime(2025, 11, 2, tzinfo=UTC)
MODEL = Provenance(model="all-minilm")
EMBEDDED = EnrichmentView(
    state="done", revision=1, result=EmbeddingResult(dimension=384, chunks=1, provenance=MODEL), updated_at=NOW
)
ABSTAINED = EnrichmentView(
    state="done",
    revision=1,
    result=MoodResult(method="prototypes", label=None, valence=0, arousal=0, confidence=0, provenance=MODEL),
    updated_at=NOW,
)
PENDING = EnrichmentView(state="pending", revision=1, updated_at=NOW)
FAILED = EnrichmentView(state="failed", revision=1, reason="model_missing", updated_at=NOW)


def entry(embedding: EnrichmentView, mood: EnrichmentView) -> EntryView:
    first = load_diary()[0].draft
    return EntryView(
        id=new_id(),
        journal="demo",
        revision=1,
        body=first.body,
        written_at=first.written_at or NOW,
        tags=first.tags,
        metadata={},
        created_at=NOW,
        updated_at=NOW,
        enrichments={"embedding": embedding, "mood": mood},
    )


class ScriptedGateway(httpx.BaseTransport):
    """Lists the same entries for ever, and remembers what else it was asked."""

    def __init__(self, *entries: EntryView) -> None:
        self.entries = entries
        self.posted: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posted.append(request.url.path)
            return httpx.Response(202)
        return httpx.Response(200, content=EntryPage(entries=self.entries).model_dump_json())

    def client(self) -> GatewayClient:
        return GatewayClient("http://gateway", "dbk_key", "demo", transport=self)


def test_an_abstention_is_a_mood_recorded():
    assert tally([entry(EMBEDDED, ABSTAINED)]) == Tally(entries=1, embedded=1, moods=1, failed=0, pending=0)
    assert tally([entry(EMBEDDED, ABSTAINED)]).complete


def test_an_entry_that_failed_twice_counts_once_and_the_whole_is_not_complete():
    result = tally([entry(FAILED, FAILED), entry(EMBEDDED, ABSTAINED)])
    assert result == Tally(entries=2, embedded=1, moods=1, failed=1, pending=0)
    assert not result.complete


def test_waiting_ends_with_a_failure_as_with_a_success():
    failed = entry(EMBEDDED, FAILED)
    shown: list[Tally] = []
    with ScriptedGateway(failed).client() as client:
        views = wait_until_settled(client, {failed.id}, show=shown.append, stalled_s=60)
    assert views == {failed.id: failed}
    assert [one.failed for one in shown] == [1]


def test_waiting_gives_up_where_nothing_changes():
    stuck = entry(EMBEDDED, PENDING)
    with ScriptedGateway(stuck).client() as client:
        views = wait_until_settled(client, {stuck.id}, show=lambda _now: None, stalled_s=0)
    assert tally(views.values()).pending == 1


def test_an_entry_that_is_there_is_not_posted_and_one_that_failed_is_asked_for_again():
    failed = entry(EMBEDDED, FAILED)
    gateway = ScriptedGateway(failed)
    with gateway.client() as client:
        placed = post_diary(client, load_diary()[:1], advance=lambda: None)
    assert list(placed) == [failed.id]
    assert gateway.posted == [f"/v1/journals/demo/entries/{failed.id}/reprocess"]


def test_a_refusal_and_an_absence_say_what_was_asked():
    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, text="scope missing")

    def vanish(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    refusing = GatewayClient("http://gateway", "k", "demo", transport=httpx.MockTransport(refuse))
    with refusing, pytest.raises(GatewayRefused, match=r"PUT /v1/journals/demo: 403 scope missing"):
        refusing.make_journal()
    away = GatewayClient("http://gateway", "k", "demo", transport=httpx.MockTransport(vanish))
    with away, pytest.raises(GatewayAway, match="ConnectError"):
        away.make_journal()
