"""The commands of docs/operations.md: a database is saved and brought back beside an empty NATS and an empty Qdrant."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from contracts.api import RecordEnrichment, RecordReflection
from contracts.report_work import BeginReport, PageReport, RecordReport
from contracts.reports import InsightsOrder, ReportNumbers
from entry_index import Lexicon
from gateway.db.migrations import migrate
from gateway.db.store import Store
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.erase import erase_entry
from gateway.service.put_journal import put_journal
from gateway.service.reflect import record_reflection, request_reflection
from gateway.service.request_report import request_report
from gateway.service.work_on_report import begin_report, page_report, record_report
from support.backends.nats import new_nats_server
from support.backends.postgres import new_postgres_server
from support.backends.qdrant import new_qdrant_server
from support.enrichment import LEXICON_KEY, USER, Daybook, until
from support.event_stream import stored_events
from support.gateway_store import Holder, draft, holder, tables_holding
from support.operating import block, run_commands
from support.scripted_ollama import EMBEDDING_MODEL, ScriptedOllama

PAGE = "docs/operations.md"
JOURNAL = "anna"
HERON, ERASED, LOST, UNTOLD = (
    "The heron stood in the rain again.",
    "Zyxomaquine, which nobody shall read again.",
    "An event of this was with the NATS that is gone.",
    "An event of this was with no NATS yet.",
)
NUMBERS = ReportNumbers(
    entries=1, days=7, days_written=1, entries_per_day=1 / 7, moods=1, pending=0, failed=0, abstained=0
)
MOOD = {"kind": "mood", "method": "llm", "label": "calm", "valence": 0.4, "arousal": 0.2, "confidence": 0.6}


@dataclass(frozen=True)
class Lived:
    """What there was when the copy was made."""

    heron: UUID
    erased: UUID
    lost: UUID
    untold: UUID
    report: UUID
    client: Holder
    worker: Holder


class Desk:
    """The gateway's use cases, as a client and a worker have them done: no process is needed to fill a database."""

    def __init__(self, store: Store, client: Holder, worker: Holder) -> None:
        self.store, self.client, self.worker = store, client, worker

    async def write(self, body: str, day: str) -> UUID:
        written = draft(body, written_at=f"2026-03-{day}T12:00:00Z")
        return (await create_entry(self.store, self.client.principal, JOURNAL, written)).entry.id

    async def enrich(self, entry_id: UUID) -> None:
        mark = Lexicon(LEXICON_KEY.encode()).mark
        embedding = {"kind": "embedding", "dimension": 384, "chunks": 1, "lexicon": mark}
        for made in (embedding, MOOD):
            result = {**made, "provenance": {"model": "before"}}
            fields = {"journal": JOURNAL, "entry_id": entry_id, "revision": 1, "kind": made["kind"], "result": result}
            await record_enrichment(self.store, self.worker.principal, RecordEnrichment.model_validate(fields))

    async def reflect(self, entry_id: UUID) -> None:
        await request_reflection(self.store, self.client.principal, JOURNAL, entry_id)
        result = {"text": "You saw it again.", "questions": ["Where?"], "provenance": {"model": "before"}}
        fields = {"journal": JOURNAL, "entry_id": entry_id, "version": 1, "revision": 1, "result": result}
        await record_reflection(self.store, self.worker.principal, RecordReflection.model_validate(fields))

    async def report(self, entry_id: UUID) -> UUID:
        order = InsightsOrder.model_validate({"from": "2026-03-02", "to": "2026-03-08"})
        asked = await request_report(self.store, self.client.principal, JOURNAL, order)
        named = {"journal": JOURNAL, "report_id": asked.id, "edition": 1}
        await begin_report(self.store, self.worker.principal, BeginReport.model_validate(named))
        await page_report(self.store, self.worker.principal, PageReport.model_validate(named))
        result = {"numbers": NUMBERS, "summary": [{"text": "A heron.", "entry_ids": [entry_id]}]}
        await record_report(self.store, self.worker.principal, RecordReport.model_validate(named | {"result": result}))
        return asked.id


async def _live(url: str) -> Lived:
    await migrate(url)
    async with Store(url) as store:
        client = await holder(store, "read", "write", "admin")
        desk = Desk(store, client, await holder(store, "enrich"))
        await put_journal(store, client.principal, JOURNAL)
        heron, erased = await desk.write(HERON, "03"), await desk.write(ERASED, "20")
        for entry_id in (heron, erased):
            await desk.enrich(entry_id)
        await desk.reflect(heron)
        report = await desk.report(heron)
        lost = await desk.write(LOST, "21")
        async with store.connection() as connection:
            # NATS had all of these. An hour ago: when it is brought back, what was awaited then is overdue.
            await connection.execute("DELETE FROM outbox")
            await connection.execute("UPDATE enrichments SET requested_at = now() - interval '1 hour'")
        untold = await desk.write(UNTOLD, "22")
        return Lived(heron, erased, lost, untold, report, client, desk.worker)


async def _erase(url: str, lived: Lived) -> None:
    async with Store(url) as store:
        await erase_entry(store, lived.client.principal, JOURNAL, lived.erased)


def _run(commands: str, folder: Path, environment: dict[str, str]) -> None:
    done = run_commands(commands, folder, environment)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def saved(postgres_server, tmp_path):
    """What was lived, in a folder with the copies that the page has made; one entry was erased after the dump."""
    url = postgres_server.create_database(f"saved_{tmp_path.name.replace('-', '_')}")
    lived = asyncio.run(_live(url))
    nowhere = {"GATEWAY_DATABASE_URL": url, "GATEWAY_NATS_URL": "nats://127.0.0.1:1", "GATEWAY_EMBEDDING_MODEL": "m"}
    dump, erasures = block(PAGE, "### Copies").splitlines()
    _run(dump, tmp_path, nowhere)
    asyncio.run(_erase(url, lived))
    _run(erasures, tmp_path, nowhere)
    return lived


@pytest.fixture
def daybook(servers_dir, tmp_path, saved):
    """A Daybook over empty servers, with the keys that clients and workers had."""
    with (
        new_postgres_server(servers_dir / "brought-back", durable=False) as postgres,
        new_nats_server(tmp_path / "nats", users=(USER,)) as nats_server,
        new_qdrant_server(tmp_path / "qdrant") as qdrant,
    ):
        for name, whose in (("tests", saved.client), ("worker", saved.worker)):
            (tmp_path / f"{name}.key").write_text(whose.key)
        yield Daybook(tmp_path, nats_server, postgres, qdrant)
    shutil.rmtree(servers_dir / "brought-back", ignore_errors=True)


@pytest.mark.timeout(300)
def test_what_was_saved_is_brought_back_and_what_was_erased_since_is_not(daybook, saved, tmp_path):
    with ScriptedOllama() as ollama:
        environment = daybook.configure(ollama.url)
        _run(block(PAGE, "### Bringing it back"), tmp_path, environment)
        assert asyncio.run(tables_holding(daybook.database_url, "Zyxomaquine")) == []
        with daybook.running():
            daybook.worker()
            _run(block(PAGE, "### After it"), tmp_path, environment)
            for entry_id in (saved.heron, saved.lost, saved.untold):
                found = daybook.settled(JOURNAL, str(entry_id))
                assert {each["state"] for each in found.values()} == {"done"}, found
            listed = daybook.http.get(f"/v1/journals/{JOURNAL}/entries").json()["entries"]
            assert [entry["id"] for entry in listed] == [str(saved.untold), str(saved.lost), str(saved.heron)]
            assert daybook.http.get(f"/v1/journals/{JOURNAL}/entries/{saved.erased}").status_code == 404
            assert daybook.search(JOURNAL, "a heron in the rain")[0]["entry_id"] == str(saved.heron)
            until(lambda: daybook.points(JOURNAL) == 3, why=lambda: str(daybook.points(JOURNAL)))
            # Nothing is made anew of what was there.
            entry = daybook.entry(JOURNAL, str(saved.heron))
            assert entry["enrichments"]["mood"]["result"]["provenance"]["model"] == "before"
            assert entry["enrichments"]["embedding"]["result"]["provenance"]["model"] == EMBEDDING_MODEL
            reflection = daybook.http.get(f"/v1/journals/{JOURNAL}/entries/{saved.heron}/reflection").json()
            assert reflection["result"]["provenance"]["model"] == "before"
            report = daybook.http.get(f"/v1/journals/{JOURNAL}/insights/{saved.report}").json()
            assert (report["state"], report["edition"]) == ("done", 1)
        asked = {path: [str(each.payload) for each in ollama.requests(path)] for path in ("/api/chat", "/api/embed")}
    assert not [payload for payload in asked["/api/chat"] if HERON in payload]
    assert not [payload for payloads in asked.values() for payload in payloads if "Zyxomaquine" in payload]
    assert any(HERON in payload for payload in asked["/api/embed"])
    told = {(event.type, getattr(event.data, "entry_id", None)) for event in _events(daybook)}
    assert not {kind for kind, _ in told} & {"reflection.requested.v1", "insights.requested.v1", "entry.revised.v1"}
    assert {entry_id for kind, entry_id in told if kind == "entry.created.v1"} == {saved.untold}


def _events(daybook):
    return asyncio.run(stored_events(daybook.nats_url))
