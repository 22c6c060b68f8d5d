"""The evidence of workers' tasks: stored as it is reported, and held against ADR 0001 when somebody asks."""

from datetime import UTC, datetime

from contracts.evidence import DecisionView, EvidenceReply, ReportEvidence
from gateway.db import evidence
from gateway.db.store import Store
from gateway.domain.decision import DECISION, conclude, judge
from gateway.domain.principals import Principal

#: Older reports are deleted, and no window is longer.
KEEP_S = 7 * 24 * 3600.0


async def record_evidence(store: Store, principal: Principal, report: ReportEvidence) -> EvidenceReply:
    """The same report again changes nothing.

    Raises:
        ScopeMissing: the key is no worker's.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require_scope("enrich")
    async with store.transaction() as connection:
        is_new = await evidence.insert(connection, report)
    return EvidenceReply(outcome="recorded" if is_new else "known")


async def read_decision(store: Store, principal: Principal, *, window_s: float, tasks_min: int) -> DecisionView:
    """How the decision stands by what was reported in the last `window_s`.

    Raises:
        ScopeMissing: the key is no administrator's.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require_scope("admin")
    async with store.connection() as connection:
        spent = await evidence.sum_window(connection, window_s=window_s)
    kinds = tuple(judge(kind, window_s=window_s, tasks_min=tasks_min) for kind in spent)
    verdict, conclusion = conclude(kinds)
    return DecisionView(
        decision=DECISION,
        verdict=verdict,
        conclusion=conclusion,
        window_s=window_s,
        until=datetime.now(UTC),
        min_tasks=tasks_min,
        kinds=kinds,
    )
