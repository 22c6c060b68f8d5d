"""Each command of the README is run by some test, or is this suite itself. A new one is entered here with its test."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Command -> the file in which it, or what it calls, is run.
RUN_BY = {
    "make up": "tests/e2e/test_up_command.py",
    "make demo": "tests/e2e/test_demo.py",
    "make test": ".ci/run",
    "make images": "tests/containers/test_image_contents.py",
    "make secrets": "tests/unit/deploy/test_make_secrets.py",
    "docker compose up -d --wait": "tests/containers/test_compose_up.py",
    "OLLAMA_HOST=http://127.0.0.1:11434 make up": "tests/integration/devstack/test_model_choice.py",
}
#: Ollama's own, on the reader's machine.
FOREIGN = ("ollama pull",)


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(FOREIGN)]


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    assert set(commands()) == set(RUN_BY)
    assert [path for path in RUN_BY.values() if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "target",
    [
        "up",
        "demo",
        "test",
        "check",
        "install",
        "lock",
        "bench-bridge",
        "bench-embed",
        "eval",
        "images",
        "secrets",
        "doctor",
    ],
)
def test_make_knows_the_targets_that_the_readme_names(target: str) -> None:
    plan = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert plan.returncode == 0, plan.stderr


def test_every_link_of_the_docs_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [
            ROOT / "README.md",
            ROOT / "CONTRIBUTING.md",
            *ROOT.glob("docs/**/*.md"),
            *ROOT.glob("libs/*/README.md"),
            *ROOT.glob("deploy/**/README.md"),
        ]
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_what_a_newcomer_is_told_to_run_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {target for line in re.findall(r"^(?:.*`)?make ([a-z -]+)", page, re.MULTILINE) for target in line.split()}
    assert told >= {"check", "test", "chart-files"}
    assert told <= targets
    places = set(re.findall(r"\b(?:tests|docs)/[\w/.]+\b", page))
    assert places >= {"tests/contract"}
    assert [place for place in places if not (ROOT / place).exists()] == []
