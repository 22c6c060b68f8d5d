"""Queues, schedules and given-up messages as text for people, or as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from kombu_jetstream._watch.given_up import GivenUp
from kombu_jetstream._watch.pending_schedules import Schedule
from kombu_jetstream._watch.queue_states import QueueState

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400

_STATUS = ("queue", "kind", "waiting", "held", "again", "oldest", "pulls", "later", "next due")


def status(states: Sequence[QueueState], *, as_json: bool) -> str:
    if as_json:
        return _json(states)
    if not states:
        return "no queues"
    rows = [
        (
            state.queue,
            state.kind,
            str(state.waiting),
            str(state.held),
            str(state.redelivered),
            span(state.oldest_age_s),
            str(state.open_pulls),
            str(state.scheduled),
            _due(state.next_due),
        )
        for state in states
    ]
    return "\n".join(
        [_table(_STATUS, rows, figures=range(2, 9)), *(note for state in states for note in _notes(state))]
    )


def schedules(found: Sequence[Schedule], *, as_json: bool) -> str:
    if as_json:
        return _json(found)
    if not found:
        return "nothing is scheduled"
    rows = [(_due(each.due), each.queue, each.attempt, each.task_id, each.task or "-") for each in found]
    return _table(("due", "queue", "retries", "task id", "task"), rows)


def given_up(found: Sequence[GivenUp], *, as_json: bool) -> str:
    if as_json:
        return _json(found)
    if not found:
        return "nothing was given up"
    rows = [(str(each.sequence), _time(each.stored_at), each.task_id or "-", each.task or "-") for each in found]
    return _table(("sequence", "stored", "task id", "task"), rows)


def messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


def span(age_s: float | None) -> str:
    """A length of time in its two largest units."""
    if age_s is None:
        return "-"
    seconds = int(age_s)
    if seconds < MINUTE_S:
        return f"{seconds} s"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min {seconds % MINUTE_S} s"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S} min"
    return f"{seconds // DAY_S} d {seconds % DAY_S // HOUR_S} h"


def _notes(state: QueueState) -> list[str]:
    notes: list[str] = []
    if state.kind == "undeclared":
        notes.append(f"{state.queue}: nobody declared this queue; start a worker with -Q, or purge what was sent to it")
    if state.given_up:
        notes.append(
            f"{state.queue}: {messages(state.given_up)} given up after max_deliver deliveries; "
            f"see python -m kombu_jetstream given-up {state.queue}"
        )
    if state.saturated:
        notes.append(
            f"{state.queue}: as many messages are held as max_ack_pending allows; workers get no more until one is "
            "settled: lower their prefetch, or raise max_ack_pending"
        )
    return notes


def _due(due: datetime | None) -> str:
    if due is None:
        return "-"
    left_s = (due - datetime.now(UTC)).total_seconds()
    return f"in {span(left_s)}" if left_s >= 0 else f"{span(-left_s)} late"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], figures: Sequence[int] = ()) -> str:
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at in figures else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [heads, *rows]
    )


def _json(found: Sequence[Any]) -> str:
    return json.dumps([asdict(each) for each in found], indent=2, default=lambda moment: moment.isoformat())
