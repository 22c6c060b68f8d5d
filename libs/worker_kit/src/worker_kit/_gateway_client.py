"""The gateway's NATS API as a worker needs it: read an entry as it is now, record what was made of it."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError, NoRespondersError
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError

from contracts.api import (
    AUTHORIZATION_HEADER,
    BeginReflection,
    BeginReply,
    GetEntry,
    PageMoods,
    ProblemReply,
    RecordEnrichment,
    RecordReflection,
    RecordReply,
    ReflectionReply,
)
from contracts.entries import EntryView
from contracts.events import EntryRef, ReflectionRef, ReportRef
from contracts.evidence import EvidenceReply, ReportEvidence
from contracts.moods import MoodPage, MoodsQuery
from contracts.report_work import (
    BeginReport,
    BeginReportReply,
    PageReport,
    RecordReport,
    RecordReportReply,
    ReportPage,
    SaveReport,
    SaveReportReply,
    ScheduleReply,
    ScheduleReports,
)
from contracts.subjects import (
    ENRICHMENTS_RECORD,
    ENTRIES_GET,
    EVIDENCE_REPORT,
    INSIGHTS_BEGIN,
    INSIGHTS_PAGE,
    INSIGHTS_RECORD,
    INSIGHTS_SAVE,
    INSIGHTS_SCHEDULE,
    MOODS_PAGE,
    REFLECTIONS_BEGIN,
    REFLECTIONS_RECORD,
)
from telemetry import TRACEPARENT, bound_id, current_traceparent, inner_span
from worker_kit._evidence import note_bridge
from worker_kit.errors import GatewayOutdated, GatewayRefused, GatewayUnreachable, RequestTooLarge

A = TypeVar("A", bound=BaseModel)
#: By this name the gateway's lines about a request are found from the task's.
_CORRELATION = "correlation_id"
_NOT_FOUND = 404
_SERVER_FAULT = 500
_NOT_UNDERSTOOD = "urn:daybook:problem:request-invalid"


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    nats_url: str = field(repr=False)
    #: An API key with the scope `enrich`.
    key: str = field(repr=False)
    connect_timeout_s: float = 5.0
    #: One request; the reply to a record comes after the gateway's commit.
    request_timeout_s: float = 10.0
    #: Where answers arrive; a NATS user may be limited to its own.
    inbox_prefix: str = "_INBOX"


class GatewayClient:
    """`async with GatewayClient(config) as gateway:` inside the coroutine that uses it. About 2 ms to open."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._nats = Client()

    async def __aenter__(self) -> Self:
        config = self._config
        began_s = time.perf_counter()
        try:
            self._nats = await nats.connect(
                config.nats_url,
                allow_reconnect=False,
                connect_timeout=config.connect_timeout_s,  # type: ignore[arg-type]
                inbox_prefix=config.inbox_prefix,
                error_cb=_ignore,
            )
        except (NatsError, OSError, TimeoutError) as error:
            raise GatewayUnreachable(f"NATS: {type(error).__name__}") from error
        # A loop that lived on would keep the connection: that each task opens one is the bridge's price (ADR 0001).
        note_bridge(time.perf_counter() - began_s)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        began_s = time.perf_counter()
        await self._nats.close()
        note_bridge(time.perf_counter() - began_s)

    async def get_entry(self, ref: EntryRef, *, for_model: bool = False) -> EntryView | None:
        """The entry as it is now; None if it was erased. `for_model`: see `GetEntry`.

        Raises:
            GatewayUnreachable: nobody answered in time.
            GatewayRefused: the key is not good for it.
        """
        try:
            request = GetEntry(journal=ref.journal, entry_id=ref.entry_id, for_model=for_model)
            return await self._ask(ENTRIES_GET, request, EntryView)
        except GatewayRefused as refused:
            if refused.problem.status == _NOT_FOUND:
                return None
            raise

    async def record(self, enrichment: RecordEnrichment) -> RecordReply:
        """Store a result or a failure. Recording the same again changes nothing.

        Raises:
            GatewayUnreachable: nobody answered in time; it may have been stored.
            GatewayRefused: the key is not good for it.
        """
        return await self._ask(ENRICHMENTS_RECORD, enrichment, RecordReply)

    async def report_evidence(self, report: ReportEvidence) -> EvidenceReply:
        """Tell what tasks took. The same report again changes nothing.

        Raises:
            GatewayUnreachable: nobody answered in time; it may have been stored.
            GatewayRefused: the key is not good for it.
        """
        return await self._ask(EVIDENCE_REPORT, report, EvidenceReply)

    async def begin_reflection(self, ref: ReflectionRef) -> BeginReply:
        """The entry that a reflection is wanted of, as it is now; or why there is nothing to write.

        Raises:
            GatewayUnreachable: nobody answered in time.
            GatewayRefused: the key is not good for it.
        """
        request = BeginReflection(journal=ref.journal, entry_id=ref.entry_id, version=ref.version)
        return await self._ask(REFLECTIONS_BEGIN, request, BeginReply)

    async def record_reflection(self, report: RecordReflection) -> ReflectionReply:
        """Store what was written or that it was given up. What was recorded first stays.

        Raises:
            GatewayUnreachable: nobody answered in time; it may have been stored.
            GatewayRefused: the key is not good for it.
        """
        return await self._ask(REFLECTIONS_RECORD, report, ReflectionReply)

    async def begin_report(self, ref: ReportRef) -> BeginReportReply:
        """The days of a report and what was saved of it; or why there is nothing to do. Raises as `get_entry`."""
        return await self._ask(INSIGHTS_BEGIN, BeginReport(**ref.model_dump()), BeginReportReply)

    async def page_report(self, request: PageReport) -> ReportPage:
        """A report's entries, oldest first; go on with `next_cursor` until there is none. Raises as `get_entry`."""
        return await self._ask(INSIGHTS_PAGE, request, ReportPage)

    async def save_report(self, request: SaveReport) -> SaveReportReply:
        """Tell how far a report is. Raises as `get_entry`."""
        return await self._ask(INSIGHTS_SAVE, request, SaveReportReply)

    async def record_report(self, request: RecordReport) -> RecordReportReply:
        """Store a report, or that it was given up. What was recorded first stays. Raises as `record`."""
        return await self._ask(INSIGHTS_RECORD, request, RecordReportReply)

    async def schedule_reports(self) -> ScheduleReply:
        """Have the reports made whose period has ended, each once. Raises as `record`."""
        return await self._ask(INSIGHTS_SCHEDULE, ScheduleReports(), ScheduleReply)

    async def publish(self, subject: str, message: BaseModel) -> None:
        """Tell whoever listens now: nobody answers, and nothing is kept.

        Raises:
            GatewayUnreachable: the connection is gone.
        """
        try:
            await self._nats.publish(subject, message.model_dump_json().encode())
        except (NatsError, OSError) as error:
            raise GatewayUnreachable(f"NATS: {type(error).__name__}") from error

    async def page_moods(self, journal: str, query: MoodsQuery) -> MoodPage:
        """The moods of a journal, oldest first; go on with `next_cursor` until there is none.

        Raises:
            GatewayUnreachable: nobody answered in time.
            GatewayRefused: the key is not good for it, or there is no such journal.
        """
        return await self._ask(MOODS_PAGE, PageMoods(journal=journal, moods=query), MoodPage)

    async def _ask(self, subject: str, request: BaseModel, kind: type[A]) -> A:
        with inner_span(subject, kind=SpanKind.CLIENT, attributes={"rpc.system.name": "nats", "rpc.method": subject}):
            return _parse(await self._reply(subject, request), kind)

    async def _reply(self, subject: str, request: BaseModel) -> bytes:
        headers = {AUTHORIZATION_HEADER: f"Bearer {self._config.key}"}
        if traceparent := current_traceparent():
            headers[TRACEPARENT] = traceparent
        if task_id := bound_id("task_id"):
            headers[_CORRELATION] = task_id
        body = request.model_dump_json().encode()
        try:
            reply = await self._nats.request(subject, body, timeout=self._config.request_timeout_s, headers=headers)
        except MaxPayloadError as error:
            raise RequestTooLarge(len(body), self._nats.max_payload) from error
        except NoRespondersError as error:
            raise GatewayUnreachable("no gateway is listening") from error
        except (NatsError, TimeoutError) as error:
            raise GatewayUnreachable(type(error).__name__) from error
        return reply.data


def _parse(raw: bytes, kind: type[A]) -> A:
    try:
        return kind.model_validate_json(raw)
    except ValidationError:
        pass
    try:
        problem = ProblemReply.model_validate_json(raw).problem
    except ValidationError as error:
        raise GatewayUnreachable("the answer is not the API's") from error
    if problem.status >= _SERVER_FAULT:
        raise GatewayUnreachable(problem.title)
    raise (GatewayOutdated if problem.type == _NOT_UNDERSTOOD else GatewayRefused)(problem)


async def _ignore(_error: Exception) -> None:
    """Each request reports its own failure; the client's default would log it a second time."""
