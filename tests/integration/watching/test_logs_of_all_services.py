"""Log lines of every service: JSON, with the ids that lead from one to the next, and without a word of the diary."""

import json
from typing import Any

import pytest

from support.watched_stack import WORD, WatchedStack

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)


def lines_of(watched: WatchedStack) -> dict[str, list[dict[str, Any]]]:
    """By service. Celery warns of root in plain words, outside of any logger."""
    logs = {
        "gateway": watched.gateway_log(),
        "enrichment-worker": watched.enrichment.log(),
        "insights-worker": watched.insights.log(),
        "insights-beat": watched.beat.log(),
    }
    return {
        service: [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        for service, log in logs.items()
    }


def test_the_lines_of_every_service_have_its_name_and_a_time(watched: WatchedStack) -> None:
    for service, lines in lines_of(watched).items():
        assert lines, service
        assert {line["service"] for line in lines} == {service}
        assert all(line["event"] and line["level"] and line["timestamp"] for line in lines), service


def test_a_task_and_what_the_gateway_did_for_it_are_found_by_one_id(watched: WatchedStack) -> None:
    lines = lines_of(watched)
    (given_up,) = [line for line in lines["enrichment-worker"] if line["event"] == "enrichment.failed"]
    assert given_up["trace_id"]
    subjects = {
        line["subject"]
        for line in lines["gateway"]
        if line["event"] == "nats.answered" and line["correlation_id"] == given_up["task_id"]
    }
    assert subjects == {"daybook.v1.api.entries.get", "daybook.v1.api.enrichments.record"}
    traced = {
        line["service"] for told in lines.values() for line in told if line.get("trace_id") == given_up["trace_id"]
    }
    assert {"gateway", "enrichment-worker"} <= traced


def test_no_line_has_a_word_of_the_diary_or_a_key(watched: WatchedStack) -> None:
    text = json.dumps(lines_of(watched)).lower()
    key = str(watched.daybook.http.headers["Authorization"]).removeprefix("Bearer ")
    assert [word for word in (WORD, key.lower(), watched.daybook.worker_key.lower()) if word in text] == []
