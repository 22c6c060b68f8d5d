from collections.abc import Mapping
from dataclasses import replace

from devstack.status import PartStatus, StackStatus, count_waiting, summary

STATUS = StackStatus(
    parts=(PartStatus("nats", 4222, 7, "ok", 0), PartStatus("gateway", 8080, 8, "ok", 0)),
    waiting_events=0,
    waiting_tasks=3,
    recorded=12,
)


def test_a_stack_that_is_well_takes_one_line() -> None:
    line = summary(STATUS)
    assert line.startswith("all 2 processes ok; ")
    assert "tasks waiting 3" in line
    assert line.endswith("results recorded since start 12")


def test_who_is_not_well_is_named_with_its_port_and_what_is_unknown_is_no_zero() -> None:
    ended = PartStatus("gateway", 8080, None, "ended", 1)
    line = summary(replace(STATUS, parts=(STATUS.parts[0], ended), recorded=None))
    assert line.startswith("gateway (port 8080) ended; ")
    assert line.endswith("since start ?")


def test_what_a_stream_keeps_beside_its_queues_is_no_task_that_waits() -> None:
    notes = {"name": "DAYBOOK_TASKS", "state": {"messages": 9}, "consumer_detail": [_consumer(0, 0), _consumer(0, 0)]}
    work = {"name": "DAYBOOK_TASKS", "state": {"messages": 9}, "consumer_detail": [_consumer(3, 1), _consumer(2, 0)]}
    read = {"name": "DAYBOOK_EVENTS", "state": {"messages": 9}, "consumer_detail": [_consumer(1, 1)]}
    assert count_waiting(_jsz(notes)) == (0, 0)
    assert count_waiting(_jsz(work, read)) == (2, 6)
    assert count_waiting(_jsz({"name": "DAYBOOK_TASKS", "state": {"messages": 9}})) == (0, 0)


def _consumer(pending: int, unsettled: int) -> dict[str, int]:
    return {"num_pending": pending, "num_ack_pending": unsettled}


def _jsz(*streams: Mapping[str, object]) -> dict[str, object]:
    return {"account_details": [{"stream_detail": list(streams)}]}
