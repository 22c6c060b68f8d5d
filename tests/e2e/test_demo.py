"""The demo as a newcomer runs it: a stack of its own, real models, forty entries, and a second run beside the first."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from contracts.enrichments import MoodResult
from contracts.entries import EntryView
from devstack.demo.diary import DiaryEntry, load_diary
from devstack.demo.gateway_client import GatewayClient
from devstack.demo.run import JOURNAL
from devstack.stack import Stack
from support.journal_client import JournalClient
from support.unmeasured import unmeasured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

ACCEPTABLE: dict[str, list[str]] = json.loads((Path(__file__).parent / "demo_moods.json").read_text())
LAST_LINE = re.compile(r"demo: 40 entries, 40 embedded, 40 moods, 0 failed, (\d+) s")


@dataclass(frozen=True)
class DemoRun:
    exit_code: int
    lines: list[str]


@dataclass(frozen=True)
class Demonstrated:
    alone: DemoRun
    #: Twice beside the stack that the tests have running.
    beside: list[DemoRun]
    #: The journal after both of them.
    views: list[EntryView]


@pytest.fixture(scope="module")
def demonstrated(stack: Stack) -> Iterator[Demonstrated]:
    # A folder that others may enter: PostgreSQL runs as an unprivileged user where the tests run as root.
    with TemporaryDirectory(prefix="daybook-demo-") as directory:
        Path(directory).chmod(0o755)
        alone = _demo(Path(directory) / "home")
    beside = [_demo(stack.config.home) for _ in range(2)]
    with GatewayClient(stack.gateway_url, stack.admin_key, JOURNAL) as client:
        views = list(client.entries())
    yield Demonstrated(alone, beside, views)
    with JournalClient(stack.gateway_url, stack.admin_key, JOURNAL) as client:
        client.request("DELETE").raise_for_status()


def _demo(home: Path) -> DemoRun:
    done = subprocess.run(
        [sys.executable, "-m", "devstack.demo", "--embedded-models"],
        env={**unmeasured(), "DAYBOOK_HOME": str(home), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return DemoRun(done.returncode, done.stdout.splitlines())


def test_the_demo_embeds_and_feels_every_entry(demonstrated: Demonstrated):
    run = demonstrated.alone
    assert LAST_LINE.fullmatch(run.lines[-1]), "\n".join(run.lines[-30:])
    assert run.exit_code == 0


def test_the_demo_shows_three_searches_and_a_mood_for_each_day(demonstrated: Demonstrated):
    text = "\n".join(demonstrated.alone.lines)
    assert len(re.findall(r"^[01]\.\d{3} ", text, re.MULTILINE)) == 9
    days = {entry.day for entry in load_diary()}
    assert days <= set(re.findall(r"^\d{4}-\d\d-\d\d", text, re.MULTILINE))


def test_a_second_demo_uses_the_running_stack_and_doubles_nothing(demonstrated: Demonstrated):
    for run in demonstrated.beside:
        assert any("using the stack that runs here" in line for line in run.lines)
        assert LAST_LINE.fullmatch(run.lines[-1]), "\n".join(run.lines[-30:])
        assert run.exit_code == 0
    assert len(demonstrated.views) == len(load_diary())


def test_two_thirds_of_the_given_moods_are_ones_a_reader_would_agree_with(demonstrated: Demonstrated):
    given = {entry.number: label for entry, label in _labels(demonstrated.views) if label is not None}
    wrong = {number: label for number, label in given.items() if label not in ACCEPTABLE[str(number)]}
    # The method abstains where it cannot tell, but not from everything.
    assert len(given) >= 20
    assert len(given) - len(wrong) >= len(given) * 2 / 3, f"{len(given)} given, wrong: {wrong}"


def _labels(views: list[EntryView]) -> list[tuple[DiaryEntry, str | None]]:
    by_body = {entry.draft.body: entry for entry in load_diary()}
    labels: list[tuple[DiaryEntry, str | None]] = []
    for view in views:
        mood = view.enrichments["mood"].result
        assert isinstance(mood, MoodResult)
        labels.append((by_body[view.body], mood.label))
    return labels
