"""`python -m devstack up` as its user has it: a terminal command that is stopped with Ctrl-C, and keeps the entries."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devstack.ports import free_port
from devstack.stack import Stack
from devstack.stack_config import StackConfig
from support.journal_client import JournalClient
from support.unmeasured import unmeasured

COMMAND = [sys.executable, "-m", "devstack", "up", "--embedded-models"]


@pytest.fixture
def empty_home():
    with TemporaryDirectory(prefix="daybook-up-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "home"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_up_runs_until_it_is_interrupted_and_the_entries_stay(empty_home):
    environment = {**unmeasured(), "DAYBOOK_HOME": str(empty_home), "PYTHONUNBUFFERED": "1", "LC_ALL": "de_AT.UTF-8"}
    command = [*COMMAND, "--port", str(free_port())]
    up = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        lines = _read_until(up, "curl")
        key = next(line.split()[-1] for line in lines if line.startswith("API key"))
        url = next(line.split()[-1] for line in lines if line.startswith("API  ")).removesuffix("/docs")
        nats = next(line.split()[1] for line in lines if line.startswith("NATS  "))
        assert nats.startswith("nats://client:")
        assert f"export DAYBOOK={url} KEY={key} NATS={nats}" in lines
        assert any(line.startswith("help lines") and "de-AT (LC_ALL=de_AT.UTF-8)" in line for line in lines)
        assert any("docs/first-steps.md" in line for line in lines)
        with JournalClient(url, key, "me") as journal:
            assert "142" in journal.post("I want to kill myself.")["care"]["text"]
            entry_id = journal.done(journal.post("The lighthouse was painted white again.")["id"])["id"]

        second = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)
        assert second.returncode == 1
        assert f"a stack runs here already (process {up.pid}" in second.stderr
        assert "Traceback" not in second.stderr

        up.send_signal(signal.SIGINT)
        rest, _ = up.communicate(timeout=60)
    finally:
        up.kill()
        up.communicate()
    assert up.returncode == 0, rest
    assert "the entries stay for the next start" in rest
    assert "Traceback" not in rest
    assert not (empty_home / "stack.json").exists()
    assert _no_json(empty_home / "logs") <= {"worker: Warm shutdown (MainProcess)"}

    with (
        Stack(StackConfig(home=empty_home, durable=False)) as stack,
        JournalClient(stack.gateway_url, stack.admin_key, "me") as journal,
    ):
        assert stack.admin_key == key
        assert journal.ids_found("a white tower on the coast")[0] == entry_id


def _no_json(logs: Path) -> set[str]:
    """What the services wrote that is no line of a log."""
    services = ("gateway", "enrichment-worker", "insights-worker", "insights-beat")
    lines = [line for service in services for line in (logs / f"{service}.log").read_text().splitlines()]
    assert any('"worker.started"' in line for line in lines)
    return {line for line in lines if not line.startswith("{")} - {""}


def _read_until(process, word):
    lines = []
    deadline_s = time.monotonic() + 120
    assert process.stdout is not None
    while not lines or word not in lines[-1]:
        line = process.stdout.readline()
        assert line, f"it ended: {lines}"
        assert time.monotonic() < deadline_s, lines
        lines.append(line.rstrip("\n"))
    return lines
