"""The rules of our Dockerfile, read from its text: no engine is needed."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
SERVICES = {path.name for path in (ROOT / "services").iterdir()}
MODULES = {"gateway": "gateway", "enrichment-worker": "enrichment_worker", "insights-worker": "insights_worker"}
PORTS = {"gateway": "8080", "enrichment-worker": "9101", "insights-worker": "9102"}
DOCKERFILES = [DEPLOY / "Dockerfile", *sorted((DEPLOY / "images").glob("*/Dockerfile"))]


@dataclass
class Stage:
    name: str
    parent: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, verb: str) -> list[str]:
        return [rest for known, rest in self.steps if known == verb]


def instructions(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(verb.upper(), rest) for verb, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def stages(path: Path) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for verb, rest in instructions(path):
        if verb == "FROM":
            parent, _, name = rest.partition(" AS ")
            found[name] = Stage(name, parent)
        elif found:
            found[list(found)[-1]].steps.append((verb, rest))
    return found


def inherited(known: dict[str, Stage], name: str, verb: str) -> list[str]:
    steps: list[str] = []
    while name in known:
        steps = known[name].all(verb) + steps
        name = known[name].parent
    return steps


IMAGES = stages(DEPLOY / "Dockerfile")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_bases_are_tagged_arguments_and_nothing_is_fetched_by_a_step(path: Path) -> None:
    steps = instructions(path)
    assert [rest for verb, rest in steps if verb == "ADD"] == []
    assert "# syntax" not in path.read_text().splitlines()[0]
    defaults = dict(rest.split("=", 1) for verb, rest in steps if verb == "ARG" and rest.endswith(("slim", "17")))
    for parent in {stage.parent for stage in stages(path).values()} - set(stages(path)) - {"scratch"}:
        assert parent in {f"${{{name}}}" for name in defaults}, "a base has another name elsewhere: make it an argument"
    for image in defaults.values():
        assert re.fullmatch(r"[a-z]+:[0-9][\w.-]*", image), "an official name without a registry, and a tag"


def test_there_is_a_target_a_service() -> None:
    assert set(IMAGES) > SERVICES
    assert {f"{service}-packages" for service in SERVICES} < set(IMAGES)


@pytest.mark.parametrize("service", sorted(SERVICES))
class TestTarget:
    def test_starts_from_nothing_and_runs_no_step(self, service: str) -> None:
        assert IMAGES["service"].parent == "scratch"
        assert IMAGES[service].parent == "service"
        assert inherited(IMAGES, service, "RUN") == []

    def test_runs_as_a_number_that_is_not_root(self, service: str) -> None:
        assert inherited(IMAGES, service, "USER") == ["65532:65532"]

    def test_starts_the_service_itself_without_a_shell(self, service: str) -> None:
        assert IMAGES[service].all("ENTRYPOINT") == [f'["python", "-m", "{MODULES[service]}"]']
        assert IMAGES[service].all("CMD") == ['["serve"]' if service == "gateway" else '["work"]']
        assert inherited(IMAGES, service, "STOPSIGNAL") == ["SIGTERM"]

    def test_has_a_health_check_on_the_port_it_listens_on(self, service: str) -> None:
        (check,) = IMAGES[service].all("HEALTHCHECK")
        assert "CMD [" in check
        assert f'"{PORTS[service]}"]' in check
        assert IMAGES[service].all("EXPOSE") == [PORTS[service]]

    def test_has_every_label(self, service: str) -> None:
        labels = " ".join(inherited(IMAGES, service, "LABEL"))
        for name in ("title", "description", "version", "revision", "licenses", "source"):
            assert f"org.opencontainers.image.{name}=" in labels

    def test_is_installed_from_its_own_lock_with_hashes(self, service: str) -> None:
        installs = [step for step in IMAGES[f"{service}-packages"].all("RUN") if "pip.sh" in step]
        assert any(f"install --require-hashes -r {service}.lock" in step for step in installs)
        for step in installs:
            assert "--require-hashes" in step or "--no-index" in step


def test_what_is_secret_is_lent_and_never_an_argument() -> None:
    arguments = {rest.partition("=")[0] for verb, rest in instructions(DEPLOY / "Dockerfile") if verb in {"ARG", "ENV"}}
    assert not {name for name in arguments if re.search(r"TOKEN|PASSWORD|SECRET|INDEX|CA_|PROXY|CONF", name)}
    for name in ("ca_bundle", "pip_conf"):
        assert f"--mount=type=secret,id={name}" in (DEPLOY / "Dockerfile").read_text()
        assert f"$secrets/{name}" in (DEPLOY / "docker/pip.sh").read_text()


def test_only_what_an_image_needs_goes_to_the_engine() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line for line in lines if line.startswith("!")} == {
        *("!LICENSE", "!deploy/docker", "!deploy/locks", "!libs", "!services")
    }
    for pattern in ("**/.*", "**/tests", "**/__pycache__"):
        assert pattern in lines


def test_the_version_of_the_images_is_the_projects() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {rest for stage in IMAGES.values() for rest in stage.all("ARG") if rest.startswith("VERSION")} == {
        f"VERSION={version}"
    }
