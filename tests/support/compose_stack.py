"""compose.yaml up and running on a container engine, with our own servers in Qdrant's and Ollama's places."""

import json
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import docker
import httpx

from devstack.ports import free_port
from support.compose_file import COMPOSE, ROOT, compose_env, make_secrets
from support.service_images import SERVICES, VERSION, image_of

_UP_S = 600
#: Small models, judged as the embedded stack judges them.
_SETTINGS = {
    "DAYBOOK_CHAT_MODEL": "smollm2:135m",
    "ENRICHMENT_MOOD_METHOD": "prototypes",
    "INSIGHTS_REFLECTION_CHECKED": "true",
    "DAYBOOK_PULL_POLICY": "never",
}


class ComposeStack:
    """`with ComposeStack(folder) as stack:` is up inside the block; nothing of it is left after it."""

    def __init__(self, folder: Path) -> None:
        self.secrets = folder / "secrets"
        self.project = f"daybook-test-{secrets.token_hex(4)}"
        self.port = free_port()
        self.up_s = 0.0
        self._tag = f"{VERSION}-{self.project}"
        self._env = compose_env(
            DAYBOOK_SECRETS=str(self.secrets),
            DAYBOOK_VERSION=self._tag,
            DAYBOOK_PORT=str(self.port),
            COMPOSE_PROJECT_NAME=self.project,
            **_SETTINGS,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_key(self) -> str:
        return (self.secrets / "admin_key").read_text().strip()

    def __enter__(self) -> Self:
        make_secrets(self.secrets)
        self.client = docker.from_env(timeout=60)
        # Under a name of this run: whoever builds images meanwhile would have Compose start services anew.
        for service in SERVICES:
            self.client.images.get(image_of(service)).tag(f"daybook/{service}", tag=self._tag)
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.compose("down", "--volumes", "--remove-orphans")
        for service in SERVICES:
            self.client.images.remove(f"daybook/{service}:{self._tag}", noprune=True)
        self.client.close()

    def up(self) -> None:
        began_s = time.monotonic()
        self.compose("up", "--detach", "--wait", "--no-build")
        self.up_s = time.monotonic() - began_s

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def compose(self, *arguments: str) -> str:
        """What it says. Raises: AssertionError with what it said instead, and what the containers did."""
        files = ["-f", "compose.yaml", "-f", "tests/support/compose.local.yaml"]
        command = [str(COMPOSE), *files, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._env, capture_output=True, text=True, timeout=_UP_S, check=False
        )
        if done.returncode:
            logs = [*command[: -len(arguments)], "logs", "--no-color", "--tail", "20"]
            told = subprocess.run(
                logs, cwd=ROOT, env=self._env, capture_output=True, text=True, timeout=60, check=False
            )
            raise AssertionError(f"{done.stderr}\n{told.stdout}")
        return done.stdout

    def container(self, service: str) -> Any:
        """Of docker-py."""
        (found,) = self.client.containers.list(all=True, filters={"label": self._labels(service)})
        return found

    def containers(self) -> dict[str, Any]:
        every = self.client.containers.list(all=True, filters={"label": self._labels()})
        return {container.labels["com.docker.compose.service"]: container for container in every}

    def left(self) -> list[str]:
        """Names of what the engine still has of this project."""
        label = {"label": self._labels()}
        of = self.client
        kinds = (
            of.containers.list(all=True, filters=label),
            of.networks.list(filters=label),
            of.volumes.list(filters=label),
        )
        return [thing.name for kind in kinds for thing in kind]

    def tell(self, service: str, code: str) -> Any:
        """What a Python program prints that runs beside the service, read as JSON."""
        status, output = self.container(service).exec_run(["python", "-I", "-c", code])
        assert status == 0, output.decode()
        return json.loads(output)

    def _labels(self, service: str = "") -> list[str]:
        ours = [f"com.docker.compose.project={self.project}"]
        return [*ours, f"com.docker.compose.service={service}"] if service else ours
