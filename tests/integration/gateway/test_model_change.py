"""The commands of docs/operations.md for another embedding model: searches go on, and turn when all is there."""

import asyncio

import httpx
import pytest

from contracts.api import RecordEnrichment
from entry_index import EmbeddingModel, EntryIndex, IndexConfig, Lexicon
from gateway.db.migrations import migrate
from gateway.db.store import Store
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.put_journal import put_journal
from support.backends.nats import new_nats_server
from support.backends.qdrant import new_qdrant_server
from support.enrichment import LEXICON_KEY, USER, Daybook
from support.entries import indexed_entry
from support.event_stream import declare_stream
from support.gateway_store import draft, holder
from support.operating import run_block
from support.scripted_ollama import EMBEDDING_MODEL, ScriptedOllama, word_vector

JOURNAL, DIMENSION = "anna", 384
NEW = "nomic-embed-text:v1.5"
TEXTS = ("The heron stood in the rain again.", "Nora baked bread all morning.")


async def _embedded_by_the_old_model(daybook, client, worker):
    """Two entries, in PostgreSQL and in the index."""
    old, mark = EmbeddingModel(EMBEDDING_MODEL, "old weights", DIMENSION), Lexicon(LEXICON_KEY.encode()).mark
    provenance = {"model": old.name, "model_digest": old.digest}
    result = {"kind": "embedding", "dimension": DIMENSION, "chunks": 1, "lexicon": mark, "provenance": provenance}
    async with Store(daybook.database_url) as store, EntryIndex(IndexConfig(daybook.qdrant_url, 10)) as index:
        await put_journal(store, client.principal, JOURNAL)
        await index.ensure(old, lexicon=mark)
        ids = []
        for text in TEXTS:
            entry = (await create_entry(store, client.principal, JOURNAL, draft(text))).entry
            vectors = (tuple(word_vector(text, DIMENSION)),)
            await index.upsert(indexed_entry(journal=JOURNAL, entry_id=entry.id, vectors=vectors))
            fields = {"journal": JOURNAL, "entry_id": entry.id, "revision": 1, "kind": "embedding", "result": result}
            await record_enrichment(store, worker.principal, RecordEnrichment.model_validate(fields))
            ids.append(str(entry.id))
        async with store.connection() as connection:
            await connection.execute("DELETE FROM enrichments WHERE kind = 'mood'")
            await connection.execute("DELETE FROM outbox")
        return ids


async def _keys(url):
    await migrate(url)
    async with Store(url) as store:
        return await holder(store, "read", "write", "admin"), await holder(store, "enrich")


@pytest.fixture
def daybook(postgres_server, tmp_path):
    with (
        new_nats_server(tmp_path / "nats", users=(USER,)) as nats_server,
        new_qdrant_server(tmp_path / "qdrant") as qdrant,
    ):
        asyncio.run(declare_stream(nats_server.url_of(USER.name)))
        yield Daybook(tmp_path, nats_server, postgres_server, qdrant)


@pytest.mark.timeout(300)
def test_searches_go_on_over_the_old_model_until_all_are_embedded_by_the_new_one(daybook, tmp_path):
    client, worker = asyncio.run(_keys(daybook.database_url))
    for name, whose in (("tests", client), ("worker", worker)):
        (tmp_path / f"{name}.key").write_text(whose.key)
    heron, _bread = asyncio.run(_embedded_by_the_old_model(daybook, client, worker))
    with ScriptedOllama(also=[NEW]) as ollama:
        environment = daybook.configure(ollama.url)
        with daybook.running():
            daybook.worker(ENRICHMENT_EMBEDDING_MODEL=NEW, ENRICHMENT_REBUILD_INDEX="true")
            later = daybook.post(JOURNAL, "A letter came from the coast.")
            found = daybook.settled(JOURNAL, later)
            assert found["embedding"]["result"]["provenance"]["model"] == NEW
            assert daybook.search(JOURNAL, "a heron in the rain")[0]["entry_id"] == heron
            # One is not embedded by the new model: nothing is switched.
            told = run_block("docs/operations.md", "### The switch", tmp_path, environment | {"NEW_MODEL": NEW})
            assert told.returncode == 1
            assert "2 entries are not embedded by" in told.stderr
            told = run_block("docs/operations.md", "### Beside the old one", tmp_path, environment)
            assert told.returncode == 0, told.stderr
            assert daybook.search(JOURNAL, "a heron in the rain")[0]["entry_id"] == heron
            told = run_block("docs/operations.md", "### The switch", tmp_path, environment | {"NEW_MODEL": NEW})
            assert told.returncode == 0, told.stderr
            assert daybook.points(JOURNAL) == 3
            gateway = daybook.gateway(GATEWAY_EMBEDDING_MODEL=NEW)
            answer = httpx.post(
                f"{gateway.url}/v1/journals/{JOURNAL}/search",
                json={"query": "a letter from the coast"},
                headers=daybook.headers,
                trust_env=False,
                timeout=20,
            )
            assert answer.json()["hits"][0]["entry_id"] == later
