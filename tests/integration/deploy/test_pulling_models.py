"""deploy/ollama/pull.sh: what the one container with a way out does, with a scripted Ollama in its PATH."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "ollama" / "pull.sh"
#: Has the models that are named in `there`, and serves until it is told to stop.
OLLAMA = """#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> asked
case $1 in
    serve) [ ! -f broken ] || { echo "no space left" >&2; exit 1; }
           touch serving; trap 'touch stopped; exit 0' TERM; while :; do sleep 0.05; done ;;
    list) [ -f serving ] ;;
    show) grep -qx "$2" there ;;
    pull) [ ! -f away ] || { echo "dial tcp: no route" >&2; exit 1; }
          echo "pulling: 50%"; echo "pulling: 100%"; echo "$2" >> there ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "ollama").write_text(OLLAMA)
    (tmp_path / "ollama").chmod(0o755)
    (tmp_path / "there").touch()
    return tmp_path


def pull(place: Path, *models: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{place}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", str(SCRIPT), *models], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def asked(place: Path, verb: str) -> list[str]:
    return [line for line in (place / "asked").read_text().splitlines() if line.startswith(verb)]


def test_what_is_missing_is_fetched_with_its_progress_and_the_server_stopped(place: Path) -> None:
    (place / "there").write_text("all-minilm\n")
    done = pull(place, "all-minilm", "llama3.2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "all-minilm: there already",
        "llama3.2: fetching",
        "pulling: 50%",
        "pulling: 100%",
        "llama3.2: there now",
    ]
    assert asked(place, "pull") == ["pull llama3.2"]
    assert (place / "stopped").exists()


def test_where_all_are_there_nothing_is_asked_of_the_internet(place: Path) -> None:
    (place / "there").write_text("all-minilm\nllama3.2\n")
    (place / "away").touch()
    assert pull(place, "all-minilm", "llama3.2").returncode == 0
    assert asked(place, "pull") == []


def test_a_failed_fetch_is_told_and_fails(place: Path) -> None:
    (place / "away").touch()
    failed = pull(place, "llama3.2")
    assert failed.returncode != 0
    assert "no route" in failed.stderr
    assert (place / "stopped").exists()


def test_a_server_that_does_not_start_is_told_with_its_words(place: Path) -> None:
    (place / "broken").touch()
    failed = pull(place, "llama3.2")
    assert failed.returncode != 0
    assert "Ollama did not start" in failed.stderr
    assert "no space left" in failed.stderr
