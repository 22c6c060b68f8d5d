"""The commands of the pages on single features, as they stand there, against a stack."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.stack import Stack
from support.journal_client import JournalClient

DOCS = Path(__file__).parents[2] / "docs"
#: Written in no month that a command names: no model has to read it, and nothing waits for one.
BODY = "Papa rang from the lake. I was afraid before the crossing, and it was a good day."


@pytest.fixture(scope="module")
def demo(stack: Stack) -> Iterator[JournalClient]:
    """The journal that `make demo` would have made, with one entry that is found."""
    with JournalClient(stack.gateway_url, stack.admin_key, "demo") as client:
        client.make()
        client.done(client.post(BODY, tags=["family"], written_at="2024-05-02T10:00:00+02:00")["id"])
        yield client


@pytest.fixture
def run(stack: Stack, demo: JournalClient, tmp_path: Path):
    """The commands of a page, in their order, in one shell; what they printed."""
    # Else curl takes a refusal for an answer like any other.
    (tmp_path / ".curlrc").write_text("fail-with-body\nmax-time = 60\nnoproxy = *\n")
    given = {"DAYBOOK": stack.gateway_url, "KEY": stack.admin_key, "CURL_HOME": str(tmp_path), "HOME": str(tmp_path)}
    given["DAYBOOK_HOME"] = str(stack.home.path)

    def run(page: str) -> str:
        blocks = re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
        assert blocks, f"{page} has no commands"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
            env={**os.environ, **given},
            cwd=DOCS.parent,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_searches(run, demo: JournalClient) -> None:
    told = run("search.md")
    (entry,) = demo.listed()
    # The second filters it away, and nothing else is there to be similar.
    assert re.findall(r'"hits":(\[\]|\[\{)', told) == ["[{", "[]", "[]"]
    assert entry["id"] in told


def test_questions(run) -> None:
    told = run("ask.md")
    assert "event: found" in told
    assert '"says":"nothing"' in told
    assert '"understood":' in told


def test_reports(run) -> None:
    told = run("insights.md")
    assert "202 Accepted" in told
    assert "location: /v1/journals/demo/insights/" in told
    assert "event: ended" in told
    assert told.count('"state":"done"') == 2
    assert '"first_day":"2025-10-01","last_day":"2025-10-31"' in told


def test_moods(run) -> None:
    assert '"buckets":[' in run("moods.md")


def test_a_key_for_an_app_and_settings(run, tmp_path: Path) -> None:
    told = run("journals.md")
    key = (tmp_path / "notes-app.key").read_text()
    assert told.startswith(f"{key.split('_')[1]}\n")
    # The demo's journal is not for this key.
    assert re.findall(r'"name":"(\w+)"', told) == ["me", "me"]
    assert '"locale":"de-DE"' in told


def test_a_program_over_nats(stack: Stack) -> None:
    """Twice: the same `Idempotency-Key` makes no second entry."""
    (program,) = re.findall(r"^```python\n(.*?)^```", (DOCS / "events.md").read_text(), re.MULTILINE | re.DOTALL)
    given = {"NATS": stack.nats_url, "KEY": stack.admin_key}
    for _again in range(2):
        told = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert re.findall(r"^\w+", told.stdout, re.MULTILINE) == ["stored", "found", "weeks", "refused"]
        assert "urn:daybook:problem:journal-not-found" in told.stdout
    with JournalClient(stack.gateway_url, stack.admin_key, "me") as mine:
        (entry,) = [entry for entry in mine.listed() if entry["body"] == "The ferry was late."]
    assert f"stored {entry['id']}" in told.stdout
