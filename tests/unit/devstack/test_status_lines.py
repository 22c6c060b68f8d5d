from dataclasses import replace

from devstack.status import PartStatus, StackStatus, summary

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
