"""A reflection and a report in one trace each, from the request to what was made."""

import pytest

from support.enrichment import until
from support.otlp_receiver import Received
from support.scripted_ollama import MODEL, fault
from support.watched_stack import WORD, WatchedStack

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)


def trace_of(watched: WatchedStack, entry: str) -> str:
    """Of a reflection that is asked for now, once it is settled."""
    trace_id = f"{len(watched.receiver.spans()):032x}"
    answer = watched.daybook.http.post(
        f"/v1/journals/{watched.journal}/entries/{entry}/reflection",
        headers={"traceparent": f"00-{trace_id}-00000000000000a1-01"},
    )
    assert answer.status_code == 202, answer.text
    location = answer.headers["location"]
    until(lambda: watched.daybook.http.get(location).json()["state"] != "pending", why=watched.insights.log)
    return trace_id


def task_of(watched: WatchedStack, trace_id: str, **attributes: object) -> Received:
    return watched.receiver.wait_for(
        lambda span: (
            span.trace_id == trace_id
            and span.name == "process insights.reflection"
            and attributes.items() <= span.attributes.items()
        )
    )


def test_a_reflection_continues_the_trace_of_who_asked_for_it(watched: WatchedStack) -> None:
    trace_id = trace_of(watched, watched.entries[1])
    task = task_of(watched, trace_id)
    assert (task.service, task.attributes["daybook.task"]) == ("insights-worker", "insights.write_reflection")
    assert task.attributes["daybook.fate"] == "done"
    wanted = {
        "POST /v1/journals/{journal}/entries/{entry_id}/reflection",
        "publish daybook.v1.events.reflection.requested",
        "process insights-worker",
        "asyncio.run",
        f"chat {MODEL}",
        "daybook.v1.api.reflections.record",
    }
    until(lambda: wanted <= {span.name for span in watched.receiver.trace(trace_id)})


def test_a_reflection_that_is_given_up_says_so(watched: WatchedStack) -> None:
    watched.ollama.script("/api/chat", fault(404, f'model "{MODEL}" not found, try pulling it first'))
    task = task_of(watched, trace_of(watched, watched.entries[2]))
    assert task.attributes["daybook.given_up"] == "model_missing"


def test_a_reflection_that_is_tried_again_has_a_span_for_each_attempt(watched: WatchedStack) -> None:
    watched.ollama.script("/api/chat", fault(500, "not now"))
    trace_id = trace_of(watched, watched.entries[0])
    assert task_of(watched, trace_id, **{"daybook.attempt": 0}).attributes["daybook.fate"] == "retried"
    assert task_of(watched, trace_id, **{"daybook.attempt": 1}).attributes["daybook.fate"] == "done"


def test_no_span_of_the_insights_worker_has_a_word_of_the_diary(watched: WatchedStack) -> None:
    spans = watched.receiver.spans(lambda span: span.service == "insights-worker")
    assert spans
    assert [word for word in (WORD, watched.journal) if word.encode() in watched.receiver.raw.lower()] == []
