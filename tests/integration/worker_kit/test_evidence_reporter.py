"""A worker's reports over a real NATS, to a gateway that answers, refuses, or is away."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import nats
import pytest
from nats.aio.msg import Msg
from prometheus_client import REGISTRY

from contracts.api import Problem, ProblemReply
from contracts.evidence import EvidenceReply, ReportEvidence, TaskEvidence
from contracts.subjects import EVIDENCE_REPORT
from ollama_client import Call
from support.backends.nats import NatsServer
from support.enrichment import until
from worker_kit import (
    EvidenceReporter,
    EvidenceReporterConfig,
    GatewayClient,
    GatewayConfig,
    gather_evidence,
    note_call,
    run_async,
)

KEY = "dbk_test"
EVERY_S = 0.05


@dataclass
class Desk:
    """Takes reports as a gateway does; `answer` says what it replies, None that it does not."""

    received: list[ReportEvidence] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    answer: Callable[[], bytes | None] = lambda: EvidenceReply(outcome="recorded").model_dump_json().encode()

    def of(self, task: str) -> list[TaskEvidence]:
        """Kinds of `task` in each report once, in the order of their numbers."""
        reports = {report.sequence: report for report in list(self.received)}
        return [kind for _, report in sorted(reports.items()) for kind in report.kinds if kind.task == task]


@contextmanager
def listening(server: NatsServer, desk: Desk) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        client = await nats.connect(server.url)

        async def take(message: Msg) -> None:
            desk.received.append(ReportEvidence.model_validate_json(message.data))
            desk.authorizations.add((message.headers or {})["Authorization"])
            reply = desk.answer()
            if reply is not None:
                await message.respond(reply)

        await client.subscribe(EVIDENCE_REPORT, cb=take)
        await client.flush(5)
        ready.set()
        await stop.wait()
        await client.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def reporter(server: NatsServer, *, every_s: float = EVERY_S) -> EvidenceReporter:
    gateway = GatewayConfig(nats_url=server.url, key=KEY, request_timeout_s=0.5)
    return EvidenceReporter(EvidenceReporterConfig(gateway, every_s))


def work(task: str, times: int) -> None:
    for _ in range(times):
        with gather_evidence(task):
            note_call(Call(operation="embed", model="m", duration_s=0.5, whole=True))


def unsent() -> float:
    """Turns that could not send."""
    return REGISTRY.get_sample_value("daybook_worker_evidence_reports_total", {"outcome": "unsent"}) or 0.0


def test_what_tasks_took_is_reported_once_and_in_order(nats_server: NatsServer, desk: Desk) -> None:
    with listening(nats_server, desk), reporter(nats_server):
        work("report.once", 3)
        until(lambda: desk.of("report.once"))
        work("report.once", 2)
        until(lambda: len(desk.of("report.once")) == 2)
    kinds = desk.of("report.once")
    assert sum(kind.tasks for kind in kinds) == sum(kind.tasks_with_inference for kind in kinds) == 5
    assert sum(kind.inference_s for kind in kinds) == pytest.approx(2.5)
    assert desk.authorizations == {f"Bearer {KEY}"}
    assert len({report.worker for report in desk.received}) == 1
    assert [report.sequence for report in desk.received] == list(range(1, len(desk.received) + 1))
    # A report without tasks is not sent, and the next one's period is not stretched over the idle time.
    assert all(report.kinds and report.began_at < report.ended_at for report in desk.received)


def test_a_connection_that_a_run_opens_is_the_bridges_price(nats_server: NatsServer) -> None:
    async def ask() -> float:
        began_s = time.perf_counter()
        async with GatewayClient(GatewayConfig(nats_url=nats_server.url, key=KEY)):
            opened_s = time.perf_counter() - began_s
            await asyncio.sleep(1.0)
        return opened_s

    def fits() -> bool:
        with gather_evidence("report.opened") as evidence:
            opened_s = run_async(ask(), deadline_s=10)
        return 0.9 * opened_s < evidence.bridge_s < opened_s + 0.9

    # On a busy machine the clock here may stand while nothing is measured there.
    assert any(fits() for _ in range(5))


def test_the_last_tasks_are_reported_at_the_end(nats_server: NatsServer, desk: Desk) -> None:
    with listening(nats_server, desk), reporter(nats_server, every_s=3600):
        work("report.last", 4)
    assert [kind.tasks for kind in desk.of("report.last")] == [4]


def test_a_report_without_an_answer_is_sent_again_under_its_number(nats_server: NatsServer, desk: Desk) -> None:
    yes, desk.answer = desk.answer, lambda: None
    with listening(nats_server, desk), reporter(nats_server):
        work("report.again", 1)
        until(lambda: len(desk.received) >= 2)
        work("report.again", 1)
        desk.answer = yes
        until(lambda: len(desk.of("report.again")) == 2)
    assert desk.received[0] == desk.received[1]
    assert [kind.tasks for kind in desk.of("report.again")] == [1, 1]


def test_while_no_gateway_listens_reports_are_kept(nats_server: NatsServer, desk: Desk) -> None:
    before = unsent()
    with reporter(nats_server):
        work("report.kept", 1)
        until(lambda: unsent() >= before + 2)
        work("report.kept", 1)
        with listening(nats_server, desk):
            until(lambda: sum(kind.tasks for kind in desk.of("report.kept")) == 2)


def test_what_is_refused_is_not_sent_for_ever(nats_server: NatsServer, desk: Desk) -> None:
    no = ProblemReply(problem=Problem(type="urn:daybook:problem:scope-missing", title="No", status=403))
    yes, desk.answer = desk.answer, lambda: no.model_dump_json().encode()
    with listening(nats_server, desk), reporter(nats_server):
        work("report.refused", 1)
        until(lambda: desk.of("report.refused"))
        desk.answer = yes
        work("report.after", 1)
        until(lambda: desk.of("report.after"))
    assert len([report for report in desk.received if report.sequence == 1]) == 1
