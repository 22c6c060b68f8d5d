"""What the environment asks for is had, or refused, or said to be otherwise; never skipped."""

import gc
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.backends.choice import Backend, BackendMissing, choose, default_images, lines
from support.backends.engine import Engine

ROOT = Path(__file__).parents[3]
NATS, POSTGRES, QDRANT = (default_images()[server] for server in ("nats", "postgres", "qdrant"))


@dataclass
class ScriptedEngine:
    images: set[str] = field(default_factory=set)
    #: What its registry has.
    pullable: set[str] = field(default_factory=set)
    trouble: str = ""
    asked: int = 0

    def fault(self) -> str:
        self.asked += 1
        return self.trouble

    def has(self, image: str) -> bool:
        return image in self.images

    def pull(self, image: str) -> str:
        if image not in self.pullable:
            return f"no registry has {image}"
        self.images.add(image)
        return ""


def backends(engine: ScriptedEngine, **environ: str) -> dict[str, str]:
    return {server: choice.backend.value for server, choice in choose(environ, engine).items()}


def test_by_default_all_are_embedded_and_no_engine_is_asked() -> None:
    engine = ScriptedEngine(trouble="must not be asked")
    assert set(backends(engine).values()) == {"embedded"}
    assert engine.asked == 0


def test_containers_are_for_those_whose_image_is_there_and_the_rest_are_said_to_be_embedded() -> None:
    found = choose({"DAYBOOK_TEST_SERVERS": "containers"}, ScriptedEngine({NATS, POSTGRES}))
    assert {server for server, choice in found.items() if choice.backend is Backend.CONTAINERS} == {"nats", "postgres"}
    (line,) = lines(found)
    assert f"nats containers ({NATS}), postgres containers ({POSTGRES})" in line
    assert f"qdrant embedded (no image {QDRANT} here)" in line
    assert "ollama embedded (no container backend" in line


def test_an_engine_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(BackendMissing, match="no engine answers: refused"):
        backends(ScriptedEngine(trouble="refused"), DAYBOOK_TEST_SERVERS="containers")
    with pytest.raises(BackendMissing, match="no engine answers: refused"):
        backends(ScriptedEngine(trouble="refused"), DAYBOOK_TEST_NATS="containers")


def test_an_engine_that_is_not_there_is_told_and_no_socket_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert Engine().fault() == f"{tmp_path}/none.sock: [Errno 2] No such file or directory"
    gc.collect()  # What was not closed is told by a ResourceWarning, which fails this test.


def test_containers_without_any_image_are_an_error() -> None:
    with pytest.raises(BackendMissing, match="no server can be had in one"):
        backends(ScriptedEngine(), DAYBOOK_TEST_SERVERS="containers")


def test_strict_is_an_error_where_one_image_is_missing() -> None:
    engine = ScriptedEngine({NATS, POSTGRES})
    with pytest.raises(BackendMissing, match=f"qdrant must run in a container, and cannot: no image {QDRANT} here"):
        backends(engine, DAYBOOK_TEST_SERVERS="containers", DAYBOOK_TEST_SERVERS_STRICT="1")


def test_one_server_is_chosen_by_itself_and_then_it_must_be_had() -> None:
    engine = ScriptedEngine({NATS, POSTGRES})
    mixed = backends(engine, DAYBOOK_TEST_SERVERS="containers", DAYBOOK_TEST_POSTGRES="embedded")
    assert mixed == {"nats": "containers", "postgres": "embedded", "qdrant": "embedded", "ollama": "embedded"}
    assert backends(engine, DAYBOOK_TEST_NATS="containers")["postgres"] == "embedded"
    with pytest.raises(BackendMissing, match="qdrant must run in a container"):
        backends(engine, DAYBOOK_TEST_SERVERS="containers", DAYBOOK_TEST_QDRANT="containers")
    with pytest.raises(BackendMissing, match="ollama must run in a container, and cannot: no container backend"):
        backends(engine, DAYBOOK_TEST_OLLAMA="containers")


def test_nothing_is_pulled_unless_it_is_allowed() -> None:
    engine = ScriptedEngine({NATS}, pullable={POSTGRES})
    asked = {"DAYBOOK_TEST_SERVERS": "containers"}
    assert backends(engine, **asked)["postgres"] == "embedded"
    allowed = choose(asked | {"DAYBOOK_TEST_SERVERS_PULL": "1"}, engine)
    assert allowed["postgres"].backend is Backend.CONTAINERS
    assert allowed["qdrant"].why == f"no registry has {QDRANT}"


def test_another_image_may_be_named() -> None:
    engine = ScriptedEngine({"ours/nats:1"})
    found = choose({"DAYBOOK_TEST_SERVERS": "containers", "DAYBOOK_TEST_NATS_IMAGE": "ours/nats:1"}, engine)
    assert found["nats"].image == "ours/nats:1"


@pytest.mark.parametrize("name", ["DAYBOOK_TEST_SERVERS", "DAYBOOK_TEST_NATS"])
def test_a_backend_that_does_not_exist_is_an_error(name: str) -> None:
    with pytest.raises(BackendMissing, match=f"{name} is 'docker', and must be one of embedded, containers"):
        backends(ScriptedEngine(), **{name: "docker"})


def run_pytest(**environ: str) -> subprocess.CompletedProcess[str]:
    """Of one quick test, as `make test-containers` would run it."""
    command = [sys.executable, "-m", "pytest", "tests/unit/test_house_rules.py", "-k", "something_to_check"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=100, check=False
    )


def test_without_an_engine_pytest_refuses_to_run_at_all(tmp_path: Path) -> None:
    run = run_pytest(DAYBOOK_TEST_SERVERS="containers", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "containers were asked for, and no engine answers" in run.stderr
    assert "passed" not in run.stdout


def test_the_head_of_a_report_says_what_each_server_is() -> None:
    run = run_pytest(DAYBOOK_TEST_SERVERS="embedded")
    assert "servers: nats embedded, postgres embedded, qdrant embedded, ollama embedded" in run.stdout
    assert run.returncode == 0
