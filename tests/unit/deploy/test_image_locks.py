"""What the images install is what the tests ran with: each service's lock is a part of requirements.lock."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "deploy/locks"
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir())


def lines(path: Path) -> list[str]:
    return [line.rstrip(" \\") for line in path.read_text().splitlines()]


def pinned(path: Path) -> dict[str, Requirement]:
    """By name; of two for different Pythons, the one for this."""
    requirements = [Requirement(line) for line in lines(path) if "==" in line]
    return {known.name: known for known in requirements if known.marker is None or known.marker.evaluate()}


@pytest.mark.parametrize("service", SERVICES)
def test_each_line_of_a_services_lock_stands_in_the_whole_lock(service: str) -> None:
    whole = (ROOT / "requirements.lock").read_text().replace(" \\", "")
    missing = set(lines(LOCKS / f"{service}.lock")) - set(whole.splitlines())
    assert missing == set(), "make lock writes both"


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_lock_has_what_it_and_ours_under_it_ask_for(service: str) -> None:
    locked = pinned(LOCKS / f"{service}.lock")
    seen: set[str] = set()
    todo = [f"services/{service}"]
    while todo:
        member = todo.pop()
        seen.add(member)
        for line in tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]["dependencies"]:
            asked = Requirement(line)
            if asked.name.startswith("daybook-"):
                ours = "libs/" + asked.name.removeprefix("daybook-").replace("-", "_")
                todo += [ours] if ours not in seen else []
            else:
                (version,) = [spec.version for spec in locked[asked.name].specifier]
                assert asked.specifier.contains(version), f"{member}: {line}"


@pytest.mark.parametrize("service", SERVICES)
def test_no_image_holds_what_only_tests_use(service: str) -> None:
    assert not set(pinned(LOCKS / f"{service}.lock")) & {"pytest", "ruff", "coverage", "basedpyright", "testcontainers"}


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.lock")), ids=lambda path: path.name)
def test_a_lock_of_an_image_has_hashes_and_no_addresses(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://|--index|--find-links", text)
    for requirement in re.split(r"\n(?! )", text.strip()):
        assert "--hash=sha256:" in requirement


def test_the_locked_build_backend_is_one_that_every_member_takes() -> None:
    (version,) = [spec.version for spec in pinned(LOCKS / "build.lock")["uv-build"].specifier]
    for member in [*ROOT.glob("libs/*"), *ROOT.glob("services/*")]:
        (required,) = tomllib.loads((member / "pyproject.toml").read_text())["build-system"]["requires"]
        assert Requirement(required).specifier.contains(version), member
