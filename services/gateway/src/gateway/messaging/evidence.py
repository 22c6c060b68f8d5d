"""The NATS API's one subject of evidence: workers report what their tasks took."""

from collections.abc import Callable

from faststream.nats import NatsBroker

from contracts import subjects
from contracts.evidence import EvidenceReply, ReportEvidence
from gateway.context import Context
from gateway.messaging.headers import Authorization
from gateway.service import evidence, keys


def add_evidence(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(subjects.EVIDENCE_REPORT, subjects.API_QUEUE_GROUP, max_workers=workers, title="evidence.report")
    async def report_evidence(request: ReportEvidence, authorization: Authorization) -> EvidenceReply:
        """Store what a worker's tasks took in a period. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await evidence.record_evidence(store, principal, request)
