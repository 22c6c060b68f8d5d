"""Twenty thousand entries in one report: every message on its way stays below what any NATS server lets pass."""

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import nats
import pytest

from contracts.events import ReportRef
from contracts.report_work import SaveReport
from contracts.reports import ReportProgress
from contracts.subjects import INSIGHTS_RECORD, INSIGHTS_SAVE
from insights_worker.reporting import advance_report
from support.enrichment import Daybook
from support.insights import pipeline_config
from support.scripted_ollama import ScriptedOllama
from worker_kit import Backoff, DeadLetter, GatewayClient, RequestTooLarge, decide_fate

ENTRIES = 20_000
MIB = 1024 * 1024
_INSERT = """
INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)
SELECT gen_random_uuid(), $1, 1, 'Heron.', '2016-01-01'::timestamptz + n * interval '4 hours', 0, '{}', '{}'
FROM generate_series(1, $2) AS n
"""


class Talkative(ScriptedOllama):
    """As many notes as it may write, each as long as it may be, on as many texts as it may cite."""

    def _chat_text(self, payload: dict[str, Any]) -> str:
        if "notes" not in payload["format"]["properties"]:
            return super()._chat_text(payload)
        shown = sum(turn["role"] == "user" for turn in payload["messages"]) - 1
        cited = list(range(1, min(shown, 20) + 1))
        notes = [{"text": f"You saw {'herons-' * 55}.", "cites": cited}] * 6
        # Few blanks, so that it comes in few chunks: they are what takes the time.
        return json.dumps({"notes": notes}, separators=(",", ":"))


@pytest.mark.soak  # what bounds the messages is in tests/unit/insights_worker/test_note_pile.py, for every run
@pytest.mark.timeout(400)
async def test_a_report_over_twenty_thousand_entries_passes_through_nats(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    database = await asyncpg.connect(daybook.database_url)
    await database.execute(_INSERT, journal, ENTRIES)
    await database.close()
    order = {"from": "2016-01-01", "to": "2025-12-31"}
    report = daybook.http.post(f"/v1/journals/{journal}/insights", json=order).json()
    sizes: dict[str, list[int]] = {INSIGHTS_SAVE: [], INSIGHTS_RECORD: []}

    async def weigh(message: Any) -> None:
        sizes[message.subject].append(len(message.data))

    listening = await nats.connect(daybook.nats_url)
    for subject in sizes:
        await listening.subscribe(subject, cb=weigh)
    await listening.flush()
    with Talkative(context_tokens=4096) as model:
        ref = ReportRef(journal=journal, report_id=UUID(report["id"]), edition=1)
        async with asyncio.timeout(300):
            assert await advance_report(pipeline_config(daybook, model.url), ref)
        calls = len(model.requests("/api/chat"))
    await listening.flush()
    await listening.close()
    found = daybook.http.get(f"/v1/journals/{journal}/insights/{report['id']}").json()
    result = found["result"]
    assert (found["state"], result["numbers"]["entries"], result["entries_read"]) == ("done", ENTRIES, ENTRIES)
    assert result["summary"]
    assert 0 < len(set(result["summary"][0]["entry_ids"])) <= 20
    # Six notes of a kilobyte on each of more than two hundred batches would be more.
    assert calls > 250
    assert max(sizes[INSIGHTS_SAVE]) < MIB / 2
    assert max(sizes[INSIGHTS_RECORD]) < MIB


async def test_what_is_too_large_for_the_server_is_told_and_fails_at_once(daybook: Daybook) -> None:
    """Nothing is tried for a day, and nothing hangs: the report says why there is none."""
    ref = ReportRef(journal=daybook.new_journal(), report_id=UUID(int=1), edition=1)
    progress = ReportProgress(step="reading", done=1, total=2)
    async with GatewayClient(pipeline_config(daybook, "http://127.0.0.1:1").gateway) as gateway:
        with pytest.raises(RequestTooLarge) as refused:
            await gateway.save_report(SaveReport(**ref.model_dump(), progress=progress, draft="x" * (2 * MIB)))
        again = await gateway.save_report(SaveReport(**ref.model_dump(), progress=progress))
    assert again.outcome == "gone", "the connection lives"
    assert refused.value.limit_bytes == 2 * MIB
    fate = decide_fate(refused.value, attempt=0, elapsed_s=0, backoff=Backoff())
    assert fate == DeadLetter("result_too_large")
