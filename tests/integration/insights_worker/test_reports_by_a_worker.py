"""A real prefork worker behind the real gateway makes reports; only the model is scripted."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.enrichment import Daybook, Worker, until


@pytest.fixture(scope="module")
def running(daybook: Daybook) -> Iterator[Worker]:
    worker = daybook.insights_worker(INSIGHTS_CONCURRENCY="2")
    yield worker
    worker.stop()


@pytest.fixture(scope="module")
def enriching(daybook: Daybook) -> Iterator[Worker]:
    worker = daybook.worker()
    yield worker
    worker.stop()


def write(daybook: Daybook, journal: str, body: str, at: str) -> str:
    answer = daybook.http.post(f"/v1/journals/{journal}/entries", json={"body": body, "written_at": at})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def ask(daybook: Daybook, journal: str, **order: str) -> str:
    answer = daybook.http.post(f"/v1/journals/{journal}/insights", json=order)
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def settled(daybook: Daybook, location: str, worker: Worker) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        found = daybook.http.get(location).json()
        return found if found["state"] not in {"pending", "running"} else None

    return until(done, why=worker.log)


def test_numbers_are_computed_from_the_stored_moods(daybook: Daybook, running: Worker, enriching: Worker) -> None:
    journal = daybook.new_journal()
    ids = [write(daybook, journal, f"Rain and {day} herons.", f"2026-03-{day:02}T10:00:00Z") for day in range(2, 15)]
    for entry_id in ids:
        daybook.settled(journal, entry_id)
    location = ask(daybook, journal, **{"from": "2026-03-02", "to": "2026-03-15"})
    found = settled(daybook, location, running)
    assert found["state"] == "done", found
    numbers = found["result"]["numbers"]
    assert (numbers["entries"], numbers["moods"], numbers["days"], numbers["days_written"]) == (13, 13, 14, 13)
    assert numbers["valence"]["mean"] == pytest.approx(0.4), "as the scripted model has it"
    assert numbers["trend"]["per_week"] == pytest.approx(0.0, abs=1e-9)
    assert numbers["longest_streak"] == {"days": 13, "first_day": "2026-03-02", "last_day": "2026-03-14"}
    assert numbers["current_streak"] is None, "the last day is empty, and over"
    listed = daybook.http.get(f"/v1/journals/{journal}/insights").json()["reports"]
    assert [(one["id"], one["state"]) for one in listed] == [(found["id"], "done")]


def test_a_report_over_nothing_says_so(daybook: Daybook, running: Worker) -> None:
    location = ask(daybook, daybook.new_journal(), **{"from": "2026-03-02", "to": "2026-03-08"})
    found = settled(daybook, location, running)
    assert (found["state"], found["result"]["numbers"]["entries"]) == ("done", 0)
    assert found["result"]["numbers"]["valence"] is None
