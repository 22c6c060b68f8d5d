"""A report goes on where the turn before it stopped or broke off. The turns are taken here, and not by a worker."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.events import ReportRef
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry
from insights_worker.config import PipelineConfig
from insights_worker.reporting import advance_report
from ollama_client import OllamaClient, OllamaError
from support.enrichment import Daybook
from support.insights import pipeline_config
from support.scripted_ollama import ScriptedOllama, chat_lines, fault, ndjson
from worker_kit import model_facts

GROUP = 6


async def indexed(daybook: Daybook, config: PipelineConfig, journal: str) -> None:
    """Entries of two kinds, as many of each as GROUP, whose vectors are as far apart as can be."""
    async with OllamaClient(config.ollama) as ollama:
        facts = await model_facts(ollama, config.embedding_model)
    async with EntryIndex(config.index) as index:
        await index.ensure(EmbeddingModel(facts.name, facts.digest, dimension=2))
        for number in range(2 * GROUP):
            body = f"heron lock water {number}" if number < GROUP else f"bread oven flour {number}"
            at = datetime(2026, 3, number + 1, 12, tzinfo=UTC)
            posted = daybook.http.post(
                f"/v1/journals/{journal}/entries", json={"body": body, "written_at": at.isoformat()}
            )
            tilt = 0.01 * number
            vector = (1.0, tilt) if number < GROUP else (tilt, 1.0)
            chunk = Chunk(number=0, start_char=0, end_char=len(body), vector=vector)
            await index.upsert(IndexedEntry(journal, UUID(posted.json()["id"]), 1, at, (), (chunk,)))


async def test_themes_are_named_one_by_one_and_what_breaks_off_loses_no_name(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    with ScriptedOllama(context_tokens=4096) as model:
        config = replace(
            pipeline_config(daybook, model.url),
            index=IndexConfig(url=daybook.qdrant_url, alias="turns", timeout_s=30),
            report_turn_s=0.001,
        )
        await indexed(daybook, config, journal)
        order = {"from": "2026-03-01", "to": "2026-03-31"}
        report = daybook.http.post(f"/v1/journals/{journal}/insights", json=order).json()
        location = f"/v1/journals/{journal}/insights/{report['id']}"
        ref = ReportRef(journal=journal, report_id=UUID(report["id"]), edition=1)

        async def turn() -> tuple[bool, object]:
            is_done = await advance_report(config, ref)
            return is_done, daybook.http.get(location).json()["progress"]

        assert await turn() == (False, {"step": "grouping", "done": 0, "total": 2}), "numbers and groups are kept"
        assert not model.requests("/api/chat")
        model.script("/api/chat", ndjson(*chat_lines(json.dumps({"name": "Herons"}))), fault(500, "no"))
        assert await turn() == (False, {"step": "grouping", "done": 1, "total": 2})
        with pytest.raises(OllamaError):
            await turn()
        assert await turn() == (False, {"step": "reading", "done": 0, "total": 2 * GROUP})
        assert len(model.requests("/api/chat")) == 3, "the first is not named again"
        while not (await turn())[0]:
            pass
    result = daybook.http.get(location).json()["result"]
    assert [theme["entries"] for theme in result["themes"]] == [GROUP, GROUP]
    assert [(theme["name"], theme["named_by"]) for theme in result["themes"]] == [
        ("Herons", "model"),
        ("Rain and herons", "model"),
    ]
    assert result["numbers"]["entries"] == 2 * GROUP
