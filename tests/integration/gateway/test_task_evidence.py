"""What workers report is stored once, added up for the window that is asked for, and gone after a week."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.evidence import ReportEvidence
from gateway.db import evidence
from gateway.domain.errors import ScopeMissing
from gateway.service.evidence import read_decision, record_evidence
from gateway.service.reconcile import reconcile
from support.gateway_store import holder

EMBED, MOOD = "enrichment.embed", "enrichment.infer_mood"


def reported(
    worker: UUID,
    sequence: int,
    *,
    ended_ago_s: float = 0.0,
    period_s: float = 10.0,
    tasks: dict[str, int] | None = None,
) -> ReportEvidence:
    """Each task took 50 ms, of which a model 40 ms and the bridge 0.2 ms."""
    ended_at = datetime.now(UTC) - timedelta(seconds=ended_ago_s)
    kinds = [
        {
            "task": task,
            "tasks": number,
            "busy_s": 0.05 * number,
            "bridge_s": 0.0002 * number,
            "inference_s": 0.04 * number,
            "tasks_with_inference": number,
        }
        for task, number in (tasks or {EMBED: 100}).items()
    ]
    return ReportEvidence.model_validate(
        {
            "worker": worker,
            "sequence": sequence,
            "began_at": ended_at - timedelta(seconds=period_s),
            "ended_at": ended_at,
            "kinds": kinds,
        }
    )


async def _sums(store, window_s=3600.0):
    async with store.connection() as connection:
        return {one.task: one for one in await evidence.sum_window(connection, window_s=window_s)}


async def test_a_report_is_stored_and_the_same_again_changes_nothing(store, owner):
    report = reported(uuid4(), 1, tasks={EMBED: 30, MOOD: 7})
    outcomes = [(await record_evidence(store, owner.principal, report)).outcome for _ in range(3)]
    assert outcomes == ["recorded", "known", "known"]
    sums = await _sums(store)
    assert {task: one.tasks for task, one in sums.items()} == {EMBED: 30, MOOD: 7}
    assert sums[EMBED].inference_s == pytest.approx(1.2)


async def test_the_same_report_to_ten_gateways_at_once_counts_once(store, owner):
    report = reported(uuid4(), 1)
    outcomes = await asyncio.gather(*(record_evidence(store, owner.principal, report) for _ in range(10)))
    assert sorted(one.outcome for one in outcomes).count("recorded") == 1
    assert (await _sums(store))[EMBED].tasks == 100


async def test_workers_and_their_later_reports_add_up(store, owner):
    workers = [uuid4(), uuid4()]
    for worker in workers:
        for sequence in (1, 2):
            await record_evidence(store, owner.principal, reported(worker, sequence))
    assert (await _sums(store))[EMBED].tasks == 400


async def test_the_peak_adds_what_ran_at_the_same_time_and_not_what_came_after(store, owner):
    first, second = uuid4(), uuid4()
    for report in (
        reported(first, 1, ended_ago_s=20, tasks={EMBED: 100}),
        reported(first, 2, ended_ago_s=10, tasks={EMBED: 300}),
        reported(second, 1, ended_ago_s=15, tasks={EMBED: 50}),
        reported(second, 2, ended_ago_s=2000, tasks={EMBED: 200}),
    ):
        await record_evidence(store, owner.principal, report)
    assert (await _sums(store))[EMBED].rate_peak == pytest.approx(35, rel=1e-3)


async def test_reports_that_follow_one_another_are_not_taken_for_simultaneous(store, owner):
    worker = uuid4()
    first = reported(worker, 1, ended_ago_s=10)
    second = ReportEvidence.model_validate(
        {
            **reported(worker, 2).model_dump(),
            "began_at": first.ended_at,
            "ended_at": first.ended_at + timedelta(seconds=10),
        }
    )
    await record_evidence(store, owner.principal, first)
    await record_evidence(store, owner.principal, second)
    assert (await _sums(store))[EMBED].rate_peak == pytest.approx(10)


async def test_the_window_leaves_out_what_is_older(store, owner):
    worker = uuid4()
    await record_evidence(store, owner.principal, reported(worker, 1, ended_ago_s=120))
    await record_evidence(store, owner.principal, reported(worker, 2))
    assert (await _sums(store, window_s=60))[EMBED].tasks == 100
    view = await read_decision(store, owner.principal, window_s=60, tasks_min=100)
    assert (view.verdict, view.kinds[0].tasks, view.kinds[0].rate_mean) == ("stands", 100, pytest.approx(100 / 60))
    assert (await read_decision(store, owner.principal, window_s=60, tasks_min=101)).verdict == "no_data"


async def test_a_very_fast_system_meets_the_rate(store, owner):
    await record_evidence(store, owner.principal, reported(uuid4(), 1, tasks={EMBED: 110_000}))
    view = await read_decision(store, owner.principal, window_s=3600, tasks_min=100)
    assert view.conclusion == "Reconsider ADR 0001 for enrichment.embed: 11,000.0 tasks/s > 10,000 tasks/s."


async def test_the_reconciler_deletes_what_is_older_than_a_week(store, owner):
    worker = uuid4()
    await record_evidence(store, owner.principal, reported(worker, 1, ended_ago_s=8 * 86_400))
    await record_evidence(store, owner.principal, reported(worker, 2, ended_ago_s=6 * 86_400))
    await reconcile(store, overdue_s=3600, idempotency_keep_s=3600)
    assert (await _sums(store, window_s=30 * 86_400))[EMBED].tasks == 100


async def test_only_workers_report_and_only_administrators_ask(store, owner):
    stranger = await holder(store, "read", "write", "admin")
    with pytest.raises(ScopeMissing):
        await record_evidence(store, stranger.principal, reported(uuid4(), 1))
    worker = await holder(store, "enrich", journals=("anna",))
    assert (await record_evidence(store, worker.principal, reported(uuid4(), 1))).outcome == "recorded"
    with pytest.raises(ScopeMissing):
        await read_decision(store, worker.principal, window_s=60, tasks_min=1)
