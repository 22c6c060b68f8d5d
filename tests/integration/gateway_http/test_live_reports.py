"""A report while it is made, as server-sent events. Only the worker is played."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from contracts.live import ReportFrame, Retry
from contracts.report_work import BeginReport, PageReport, RecordReport, SaveReport
from contracts.reports import ReportNumbers, ReportProgress, ReportResult
from gateway.domain.errors import StoreUnavailable
from gateway.service.keys import authenticate
from gateway.service.work_on_report import begin_report, page_report, record_report, save_report
from support.http_gateway import HttpGateway

NUMBERS = ReportNumbers(
    entries=1, days=7, days_written=1, entries_per_day=0.1, moods=0, pending=1, failed=0, abstained=0
)
DAYS = {"from": "2026-03-02", "to": "2026-03-08"}
SOON_S = 0.02

Follow = Callable[[], AbstractContextManager[Iterator[ServerSentEvent]]]


class Making:
    """A report that was asked for, and the worker that makes it."""

    def __init__(self, gateway: HttpGateway, journal: str, report_id: str) -> None:
        self._gateway = gateway
        self._of = {"journal": journal, "report_id": UUID(report_id)}
        self._key = gateway.new_key("enrich")
        self.path = f"/v1/journals/{journal}/insights/{report_id}"

    def begins(self, edition: int = 1) -> None:
        self._does(begin_report, BeginReport(**self._of, edition=edition))
        self._does(page_report, PageReport(**self._of, edition=edition))

    def tells(self, step: str, done: int, edition: int = 1) -> None:
        progress = ReportProgress.model_validate({"step": step, "done": done, "total": 9})
        self._does(save_report, SaveReport(**self._of, edition=edition, progress=progress, draft={"heavy": "x" * 9}))

    def fails(self, *, in_s: float, edition: int = 1) -> None:
        """An attempt, and another one follows."""
        retry = Retry(in_s=in_s, attempt=2, reason="deadline_exceeded")
        self._gateway.hear(ReportFrame(**self._of, edition=edition, retry=retry))

    def ends(self, edition: int = 1) -> None:
        self._does(record_report, RecordReport(**self._of, edition=edition, result=ReportResult(numbers=NUMBERS)))

    def _does(self, deed: Callable[..., Any], request: object) -> None:
        async def work() -> None:
            store = self._gateway.store
            await deed(store, await authenticate(store, f"Bearer {self._key}"), request)

        self._gateway.run(work())


@pytest.fixture
def making(
    gateway: HttpGateway, writer: httpx.Client, journal: str, entries: str, monkeypatch: pytest.MonkeyPatch
) -> Making:
    monkeypatch.setattr("gateway.live.reports.EVERY_S", SOON_S)
    writer.post(entries, json={"body": "Rain.", "written_at": "2026-03-04T12:00:00Z"})
    asked = writer.post(f"/v1/journals/{journal}/insights", json=DAYS)
    return Making(gateway, journal, asked.json()["id"])


@pytest.fixture
def follow(gateway: HttpGateway, making: Making) -> Follow:
    @contextmanager
    def following() -> Iterator[Iterator[ServerSentEvent]]:
        with gateway.client("read") as reader, connect_sse(reader, "GET", f"{making.path}/live") as source:
            source.response.raise_for_status()
            yield source.iter_sse()

    return following


def test_progress_is_told_as_it_is_made_and_then_the_report(making: Making, follow: Follow) -> None:
    with follow() as events:
        first = next(events)
        assert (first.event, first.json()["state"], first.json()["progress"]) == ("progress", "pending", None)
        making.begins()
        assert next(events).json()["state"] == "running"
        making.tells("reading", 4)
        assert next(events).json()["progress"] == {"step": "reading", "done": 4, "total": 9}
        making.ends()
        last = next(events)
        assert (last.event, last.json()["report"]["state"]) == ("ended", "done")
        assert last.json()["report"]["result"]["numbers"]["entries"] == 1
        assert list(events) == []


def test_who_comes_late_gets_what_is_there(making: Making, follow: Follow) -> None:
    making.begins()
    making.tells("writing", 8)
    with follow() as events:
        assert next(events).json()["progress"]["step"] == "writing"
    making.ends()
    with follow() as events:
        assert [event.event for event in events] == ["ended"]


def test_an_attempt_that_failed_is_told_once_with_what_is_left_until_the_next(making: Making, follow: Follow) -> None:
    making.begins()
    making.fails(in_s=120, edition=2)  # Of nobody's interest.
    with follow() as events:
        assert next(events).event == "progress"
        making.fails(in_s=120)
        told = next(events)
        assert (told.event, told.json()["attempt"], told.json()["reason"]) == ("retrying", 2, "deadline_exceeded")
        assert 100 < told.json()["in_s"] <= 120
        making.tells("reading", 4)
        assert next(events).json()["progress"]["done"] == 4
        making.fails(in_s=0)
        assert next(events).json()["in_s"] == 0
    with follow() as events:
        assert next(events).event == "progress"
        making.tells("reading", 5)
        assert next(events).event == "progress", "what was over when somebody came is not told"


def test_a_report_that_is_made_again_says_so(
    making: Making, follow: Follow, writer: httpx.Client, entries: str
) -> None:
    making.begins()
    with follow() as events:
        assert next(events).json()["edition"] == 1
        for entry in writer.get(entries).json()["entries"]:
            writer.delete(f"{entries}/{entry['id']}")
        assert next(events).event == "restarted"
        again = next(events).json()
        assert (again["edition"], again["state"]) == (2, "pending")


def test_the_stream_ends_with_a_report_that_is_erased(making: Making, follow: Follow, writer: httpx.Client) -> None:
    with follow() as events:
        next(events)
        writer.delete(making.path)
        assert list(events) == []


def test_while_the_database_is_away_the_stream_says_when_to_come_back(
    making: Making, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with follow() as events:
        next(events)
        monkeypatch.setattr("gateway.live.reports.glance_at_report", _away)
        (last,) = events
    assert last.retry is not None
    monkeypatch.undo()
    with follow() as events:
        assert next(events).event == "progress"


async def _away(*_: object) -> None:
    raise StoreUnavailable


def test_a_key_that_is_revoked_sees_no_more(
    gateway: HttpGateway, making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.live.permission.EVERY_S", 0.0)
    with gateway.client("read") as reader, connect_sse(reader, "GET", f"{making.path}/live") as source:
        events = source.iter_sse()
        assert next(events).event == "progress"
        gateway.revoke(reader.headers["authorization"].removeprefix("Bearer "))
        making.begins()
        (last,) = events
        assert (last.data, last.retry is None) == ("", False)
        assert reader.get(f"{making.path}/live").status_code == 401


def test_only_who_may_read_may_watch(gateway: HttpGateway, making: Making) -> None:
    for scopes, status in (((), 401), (("write",), 403)):
        with gateway.client(*scopes) as client:
            assert client.get(f"{making.path}/live").status_code == status
    with gateway.client("read") as client:
        other = making.path.rpartition("/")[0] + f"/{uuid4()}"
        assert client.get(f"{other}/live").json()["type"] == "urn:daybook:problem:report-not-found"
