"""The demo from start to end: a stack, a diary, searches, moods, and one line that says whether all is well."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.entries import EntryView
from contracts.search import SearchQuery
from devstack.demo.diary import DiaryEntry, load_diary
from devstack.demo.gateway_client import GatewayClient
from devstack.demo.posting import post_diary
from devstack.demo.screens import mood_table, search_table, show_failures
from devstack.demo.waiting import Tally, tally, wait_until_settled
from devstack.home import Home
from devstack.probing import is_well
from devstack.stack import Stack
from devstack.stack_config import StackConfig

JOURNAL = "demo"
QUERIES = (
    "afraid before my father's operation",
    "losing an old neighbour",
    "singing together",
)
_HITS = 3
_STALLED_S = 180.0


@dataclass(frozen=True)
class Address:
    url: str
    key: str


def run_demo(config: StackConfig, console: Console) -> int:
    """0 if every entry was embedded and has a mood, else 1. Uses the stack that runs in the home, or one of its own.

    Raises:
        StackFault: there is no stack and none can be started, or the gateway refused or left.
    """
    began_s = time.monotonic()
    diary = load_diary()

    def say(line: str) -> None:
        console.print(f"[{time.monotonic() - began_s:5.1f} s] {line}", markup=False, highlight=False, soft_wrap=True)

    with _stack(config, say) as address, GatewayClient(address.url, address.key, JOURNAL) as client:
        say(f"journal `{JOURNAL}` at {address.url}")
        client.make_journal()
        placed, views = _send(client, diary, console)
        show_failures(console, views)
        _search(client, placed, console)
        console.print(mood_table(placed, views))
        seconds = round(time.monotonic() - began_s)
    result = tally(views.values())
    # The last line, for people and for programs: nothing may wrap it or colour it.
    console.print(
        f"demo: {result.entries} entries, {result.embedded} embedded, {result.moods} moods, "
        f"{result.failed} failed, {seconds} s",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 0 if result.complete and result.entries == len(diary) else 1


@contextmanager
def _stack(config: StackConfig, say: Callable[[str], None]) -> Generator[Address, None, None]:
    state = Home(config.home).read_state()
    # The state of a stack that was killed stays behind: only an answer counts.
    if state and is_well(f"{state['gateway_url']}/readyz"):
        say("using the stack that runs here")
        yield Address(state["gateway_url"], Path(state["key_file"]).read_text().strip())
        return
    with Stack(config, say=say) as stack:
        say(f"up, with {config.models.why}")
        yield Address(stack.gateway_url, stack.admin_key)


def _send(
    client: GatewayClient, diary: tuple[DiaryEntry, ...], console: Console
) -> tuple[Mapping[UUID, DiaryEntry], Mapping[UUID, EntryView]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        posted, embedded, moods = (
            progress.add_task(title, total=len(diary)) for title in ("posted", "embedded", "moods")
        )

        def show(now: Tally) -> None:
            progress.update(embedded, completed=now.embedded)
            progress.update(moods, completed=now.moods)

        placed = post_diary(client, diary, advance=lambda: progress.advance(posted))
        views = wait_until_settled(client, placed.keys(), show=show, stalled_s=_STALLED_S)
    return placed, views


def _search(client: GatewayClient, placed: Mapping[UUID, DiaryEntry], console: Console) -> None:
    for query in QUERIES:
        answer = client.search(SearchQuery(query=query, limit=_HITS))
        console.print(search_table(query, answer, placed))
        console.print()
