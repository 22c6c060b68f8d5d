"""A look at the running stack: processes, health, queues, and what has been enriched."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Group
from rich.table import Table
from rich.text import Text

from devstack.permissions import TASK_PREFIX
from devstack.probing import is_well
from devstack.stack import Stack
from devstack.supervision import Supervisor

_TIMEOUT_S = 2.0
_WELL = "ok"
_RECORDED = re.compile(
    r'^daybook_gateway_nats_requests_total\{outcome="ok",subject="[^"]*enrichments\.record"\} (\S+)', re.MULTILINE
)


@dataclass(frozen=True)
class PartStatus:
    name: str
    port: int
    pid: int | None
    health: str
    restarts: int


@dataclass(frozen=True)
class StackStatus:
    parts: tuple[PartStatus, ...]
    #: Events that no worker has turned into tasks yet, and tasks that are not done, but for those that wait for their
    #: next attempt; None where NATS does not answer.
    waiting_events: int | None
    waiting_tasks: int | None
    #: Results that workers recorded since the gateway started; None where it does not answer.
    recorded: int | None


def look(stack: Stack, supervisor: Supervisor) -> StackStatus:
    parts = tuple(
        PartStatus(part.name, part.port, part.process.pid, _health(part.process.running, part.health_url), restarts)
        for part, restarts in ((part, supervisor.restarts(part)) for part in stack.parts)
    )
    events, tasks = _queues(stack.monitor_url)
    return StackStatus(parts, events, tasks, _recorded(stack.gateway_url))


def screen(status: StackStatus, messages: list[str]) -> Group:
    """What the terminal keeps showing while the stack is up."""
    table = Table(box=None, pad_edge=False)
    for heading in ("process", "port", "pid", "health", "restarts"):
        table.add_column(heading, justify="right" if heading in {"port", "pid", "restarts"} else "left")
    for part in status.parts:
        colour = "green" if part.health == _WELL else "red"
        table.add_row(
            part.name, str(part.port or "-"), str(part.pid or "-"), f"[{colour}]{part.health}[/]", str(part.restarts)
        )
    return Group(table, "", _counts(status), *(Text(line) for line in messages[-3:]), "Ctrl-C stops all.")


def summary(status: StackStatus) -> str:
    """One plain line, for logs and pipes: who is not well, and the counts."""
    unwell = [f"{part.name} (port {part.port}) {part.health}" for part in status.parts if part.health != _WELL]
    return f"{', '.join(unwell) or f'all {len(status.parts)} processes ok'}; {_counts(status)}"


def welcome(stack: Stack) -> str:
    """Addresses, the key, whose help lines are shown, and lines to paste. Print it without markup and wrapping."""
    journal = f'"$DAYBOOK/v1/journals/{stack.journal}'
    key = '-H "Authorization: Bearer $KEY"'
    return "\n".join(
        [
            f"API         {stack.gateway_url}/docs",
            f"API key     {stack.admin_key}",
            f"NATS        {stack.nats_url}   (docs/events.md)",
            f"models      {stack.config.models.why}",
            f"help lines  {stack.config.locale.why}",
            f"data        {stack.home.path}   logs {stack.home.path / 'logs'}",
            "",
            "To paste into another terminal; what to try next is in docs/first-steps.md:",
            "",
            f"export DAYBOOK={stack.gateway_url} KEY={stack.admin_key} NATS={stack.nats_url}",
            f'curl -s {journal}/entries" {key} \\',
            """  --json '{"body": "I walked by the sea today and felt calm."}'""",
            f'curl -s {journal}/search" {key} --json \'{{"query": "the coast"}}\'',
        ]
    )


def count_waiting(answer: dict[str, Any]) -> tuple[int, int]:
    """Events and tasks that wait or are in work. `answer`: NATS's `/jsz?consumers=1`."""
    # By consumer: the stream of tasks also keeps what is to be tried again later, and notes on lost tasks.
    events = tasks = 0
    for account in answer.get("account_details") or []:
        for stream in account.get("stream_detail") or []:
            waiting = sum(c["num_pending"] + c["num_ack_pending"] for c in stream.get("consumer_detail") or [])
            if stream["name"] == f"{TASK_PREFIX.upper()}_TASKS":
                tasks += waiting
            elif not stream["name"].startswith(TASK_PREFIX.upper() + "_TRANSIENT"):
                events += waiting
    return events, tasks


def _counts(status: StackStatus) -> str:
    return (
        f"events waiting {_shown(status.waiting_events)}   tasks waiting {_shown(status.waiting_tasks)}   "
        f"results recorded since start {_shown(status.recorded)}"
    )


def _health(running: bool, url: str | None) -> str:
    if not running:
        return "ended"
    return _WELL if url is None or is_well(url) else "not answering"


def _queues(monitor_url: str) -> tuple[int | None, int | None]:
    try:
        answer = httpx.get(f"{monitor_url}/jsz?consumers=1", timeout=_TIMEOUT_S, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return None, None
    return count_waiting(answer)


def _recorded(gateway_url: str) -> int | None:
    try:
        text = httpx.get(f"{gateway_url}/metrics", timeout=_TIMEOUT_S, trust_env=False).text
    except httpx.HTTPError:
        return None
    found = _RECORDED.search(text)
    return int(float(found[1])) if found else 0


def _shown(count: int | None) -> str:
    return "?" if count is None else str(count)
