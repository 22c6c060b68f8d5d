"""The rules of this house that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = [path for pattern in ("libs/*", "services/*", "deploy/embedded") for path in sorted(ROOT.glob(pattern))]
SOURCES = sorted(path for member in MEMBERS for path in (member / "src").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager", "base", "misc"}
MODULE_LINES_MAX = 300


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines()]


def test_there_is_something_to_check() -> None:
    assert len(MEMBERS) == 13
    assert len(SOURCES) > 100


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_module_is_a_small_room_with_a_name_and_a_docstring(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MODULE_LINES_MAX
    assert path.stem not in FORBIDDEN_NAMES
    assert not text.strip() or text.lstrip().startswith(('"""', 'r"""'))


@pytest.mark.parametrize("member", MEMBERS, ids=named)
def test_a_member_is_typed_and_stands_in_src(member: Path) -> None:
    (package,) = [path for path in (member / "src").iterdir() if path.is_dir() and not path.name.endswith(".egg-info")]
    assert (package / "py.typed").exists()
    assert package.name in {member.name.replace("-", "_"), "devstack"}


def test_asyncio_run_stands_once_in_each_world() -> None:
    """Workers cross from Celery into asyncio in `run_async` alone (ADR 0001)."""
    found = {
        named(path)
        for path in SOURCES
        if re.search(r"\basyncio\.(run|Runner)\(", path.read_text()) and path.is_relative_to(ROOT / "libs/worker_kit")
    } | {
        named(path)
        for path in SOURCES
        if "asyncio.run(" in path.read_text()
        and "worker" in path.relative_to(ROOT).parts[1]
        and "services" in named(path)
    }
    # The gate's probe runs on a thread of the worker's main process, outside of any task.
    assert found <= {
        "libs/worker_kit/src/worker_kit/_run.py",
        "libs/worker_kit/src/worker_kit/_model_gate.py",
    }
    assert "libs/worker_kit/src/worker_kit/_run.py" in found


def test_the_environment_is_read_in_settings_alone() -> None:
    """Services take values; only settings and the process's own entry may look outside."""
    readers = {
        named(path)
        for path in SOURCES
        if path.is_relative_to(ROOT / "services") and re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert {Path(reader).name for reader in readers} <= {"settings.py", "__main__.py"}


def test_asyncpg_is_the_databases_alone() -> None:
    users = {named(path) for path in SOURCES if re.search(r"^(import|from) asyncpg", path.read_text(), re.MULTILINE)}
    assert users
    assert all(user.startswith("services/gateway/src/gateway/db/") for user in users)


def test_no_todo_without_an_issue_number() -> None:
    loose = [
        named(path)
        for path in SOURCES
        for line in path.read_text().splitlines()
        if re.search(r"\b(TODO|FIXME|XXX)\b", line) and not re.search(r"#\d+", line)
    ]
    assert loose == []


def test_no_mocks() -> None:
    users = [
        named(path)
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^(import|from) unittest\.mock|^from unittest import mock", path.read_text(), re.MULTILINE)
    ]
    assert users == []


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index|--find-links", lock)


def test_no_file_names_a_place_of_one_machine() -> None:
    # Spelt apart, so that this file does not find itself.
    places = re.compile("|".join(["/" + "work/", "/" + "root/", "/tmp/" + "wt"]))
    found = [
        named(path)
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".sql", ".sh", ""}
        and path.is_file()
        and places.search(path.read_text(errors="replace"))
    ]
    assert found == []
