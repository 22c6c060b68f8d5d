"""`make doctor` and `make gateway` beside a running stack, and where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

from devstack.stack import Stack


def doctor(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return devstack(home, "doctor", *arguments)


def devstack(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devstack", *arguments],
        env={**os.environ, "DAYBOOK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_stack_that_runs_is_found_well(stack: Stack) -> None:
    done = doctor(stack.home.path, "--json")
    told = json.loads(done.stdout)
    # Other tests give results up, and turn fsync off: that wants a look, and works.
    assert [finding for finding in told["findings"] if finding["state"] == "fail"] == [], done.stdout
    assert done.returncode in {0, 1}
    assert {finding["check"] for finding in told["findings"]} == {
        "settings",
        "addresses",
        "database",
        "nats",
        "models",
        "index",
    }
    nats = [finding["says"] for finding in told["findings"] if finding["check"] == "nats"]
    assert any("tasks" in line and "queues" in line for line in nats), nats
    secrets = [value for name, value in stack.home.secrets({}).items() if name != "lexicon"]
    assert [secret for secret in secrets if secret in done.stdout + done.stderr] == []


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 1
    assert "no stack runs in" in done.stderr
    assert "make up" in done.stderr


def test_any_command_of_the_gateway_finds_the_stack(stack: Stack) -> None:
    done = devstack(stack.home.path, "gateway", "keys", "list")
    assert done.returncode == 0, done.stderr
    names = {line.split("\t")[3] for line in done.stdout.splitlines()}
    assert {"admin", "enrichment-worker", "insights-worker"} <= names
