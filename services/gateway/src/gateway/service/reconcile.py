"""The reconciler: asks again for enrichments that nobody reported, and clears away what has expired."""

import asyncio
from collections import Counter, defaultdict
from uuid import UUID

import structlog

from contracts.enrichments import EnrichmentKind
from gateway.db import enrichments, evidence, idempotency, outbox, reflections, reports
from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from gateway.metrics import ENRICHMENTS_REISSUED
from gateway.service.enrich import order
from gateway.service.evidence import KEEP_S
from gateway.service.reflect import order_of
from gateway.service.request_report import order_of as order_of_report

#: A round asks for no more, so that a long outage does not flood the workers at its end.
_ROUND_MAX = 500

log = structlog.get_logger()


async def reconcile(store: Store, *, overdue_s: float, idempotency_keep_s: float) -> int:
    """One round: how many enrichments, reflections and reports were asked for again. 0 while another gateway is at it.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.transaction() as connection:
        if not await enrichments.try_lock_rounds(connection):
            return 0
        overdue = await enrichments.reissue_overdue(connection, overdue_s=overdue_s, limit=_ROUND_MAX)
        kinds: dict[tuple[str, UUID, int], list[EnrichmentKind]] = defaultdict(list)
        for late in overdue:
            kinds[late.journal, late.entry_id, late.revision].append(late.kind)
        await outbox.insert(connection, *(order(*entry, sorted(kinds[entry])) for entry in kinds))
        late_reflections = await reflections.reissue_overdue(connection, overdue_s=overdue_s, limit=_ROUND_MAX)
        for late in late_reflections:
            await outbox.insert(connection, order_of(late.journal, late.reflection))
        late_reports = await reports.reissue_overdue(connection, overdue_s=overdue_s, limit=_ROUND_MAX)
        for report in late_reports:
            await outbox.insert(connection, order_of_report(report))
        await idempotency.delete_expired(connection, older_than_s=idempotency_keep_s)
        await evidence.delete_expired(connection, older_than_s=KEEP_S)
    reissued = Counter([late.kind for late in overdue])
    reissued.update(reflection=len(late_reflections), report=len(late_reports))
    for kind, count in reissued.items():  # committed now
        ENRICHMENTS_REISSUED.labels(kind=kind).inc(count)
    return reissued.total()


async def reconcile_forever(store: Store, *, every_s: float, overdue_s: float, idempotency_keep_s: float) -> None:
    """A round now and then, until cancelled. A round that fails is logged: the next one does its work."""
    while True:
        try:
            reissued = await reconcile(store, overdue_s=overdue_s, idempotency_keep_s=idempotency_keep_s)
        except StoreUnavailable:
            log.warning("reconciler.round_failed", reason="StoreUnavailable")
        else:
            if reissued:
                log.info("reconciler.reissued", enrichments=reissued)
        await asyncio.sleep(every_s)
