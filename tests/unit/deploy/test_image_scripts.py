"""The scripts that make images say what is missing, in words of use."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted(
    [
        *(ROOT / "deploy").glob("images/*.sh"),
        *(ROOT / "deploy").glob("images/*/*.sh"),
        *(ROOT / "deploy").glob("docker/*.sh"),
    ]
)


def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / script], env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_stops_at_the_first_fault_and_can_be_run(script: Path) -> None:
    text = script.read_text()
    shell = text.splitlines()[0].removeprefix("#!")
    assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert os.access(script, os.X_OK)
    assert "\nset -eu" in text or script.parent.name == "nats"


@pytest.mark.parametrize("script", ["deploy/images/build.sh", "deploy/docker/build.sh"])
def test_without_an_engine_it_says_so(script: str) -> None:
    told = run(script, DOCKER="/bin/false")
    assert told.returncode == 1
    assert "no Docker engine answers `/bin/false`" in told.stderr


def test_a_base_that_cannot_be_had_is_told_with_what_to_do(tmp_path: Path) -> None:
    """An engine that has no image and reaches no registry, spoken by a few lines."""
    engine = tmp_path / "docker"
    engine.write_text('#!/bin/sh\n[ "$1" = version ]\n')
    engine.chmod(0o755)
    told = run("deploy/docker/build.sh", DOCKER=str(engine), PYTHON_IMAGE="python:3.13-slim")
    assert told.returncode == 1
    assert "python:3.13-slim is not here" in told.stdout
    assert "make base-images" in told.stderr


def test_the_base_of_python_is_made_with_debootstrap_or_not_at_all(tmp_path: Path) -> None:
    # Enough to get there, and no debootstrap.
    for name in ("bash", "id", "mktemp", "rm"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    told = subprocess.run(
        ["/bin/bash", ROOT / "deploy/images/python.sh", "python:3.13-slim"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert "needs Debian's package debootstrap" in told.stderr
