"""The images of our services, started as an operator should: locked down, on a network without a way out.

Docker's healthcheck, limits and signals are the engine's own; nothing of ours runs on this machine but the test.
"""

import json
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import docker

from support.backends.choice import default_images
from support.backends.engine import labels
from support.eventually import wait_until

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SERVICES = ("gateway", "enrichment-worker", "insights-worker")
#: As in compose.yaml and the chart: what an image must be content with.
LOCKED = {
    "read_only": True,
    "tmpfs": {"/tmp": "size=16m,mode=1777,noexec,nosuid,nodev"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "mem_limit": "384m",
    "pids_limit": 64,
}
HEALTHY_WITHIN_S = 60.0
STOP_S = 30
_SECOND_NS = 1_000_000_000


def image_of(service: str) -> str:
    return f"daybook/{service}:{VERSION}"


class Images:
    """Images, networks and containers of one run. All that was started is removed at the end."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.client = docker.from_env(timeout=60)
        self._stack.callback(self.client.close)
        self._name = f"daybook-images-{secrets.token_hex(4)}"
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def config(self, service: str) -> dict[str, Any]:
        return self.client.images.get(image_of(service)).attrs["Config"]

    def network(self) -> tuple[Any, str]:
        """Internal: what is on it reaches this machine, at the address that comes second, and nothing behind."""
        network = self.client.networks.create(self._name, internal=True, labels=labels())
        self._stack.callback(network.remove)
        network.reload()
        return network, network.attrs["IPAM"]["Config"][0]["Gateway"]

    def create(self, image: str, *command: str, name: str = "", **options: Any) -> Any:
        """A container that is removed at the end. `name` is its host name on the network, too."""
        full_name = f"{self._name}-{name or secrets.token_hex(4)}"
        container = self.client.containers.create(image, command or None, name=full_name, labels=labels(), **options)
        self._stack.callback(container.remove, force=True, v=True)
        return container

    def python(self, service: str, code: str) -> str:
        """What a program says in the locked-down image, without any network."""
        options: dict[str, Any] = {"network_mode": "none", "entrypoint": ["python", "-c", code]}
        container = self.create(image_of(service), **LOCKED, **options)
        container.start()
        status = container.wait(timeout=60)["StatusCode"]
        output = container.logs().decode()
        assert status == 0, output
        return output


class ImageStack:
    """NATS and PostgreSQL in containers of one network, and our images beside them."""

    def __init__(self, images: Images, network: Any, host: str, secrets_dir: Path, settings: Mapping[str, str]) -> None:
        #: This machine, as the containers see it.
        self.host = host
        self._images = images
        self._network = network
        self._secrets_dir = secrets_dir
        self._settings = dict(settings)
        self._password = secrets.token_urlsafe(24)

    def start_servers(self) -> None:
        known = default_images()
        postgres = self._beside(
            known["postgres"],
            name="postgres",
            environment={"POSTGRES_USER": "daybook", "POSTGRES_PASSWORD": self._password},
        )
        nats = self._beside(known["nats"], "--jetstream", "--store_dir", "/data", name="nats")
        wait_until(lambda: b"Server is ready" in nats.logs(), within_s=HEALTHY_WITHIN_S)
        asked = ["pg_isready", "-q", "-h", "127.0.0.1", "-U", "daybook"]
        wait_until(lambda: postgres.exec_run(asked).exit_code == 0, within_s=HEALTHY_WITHIN_S)
        for name in ("gateway", "enrichment", "insights"):
            self.secret(f"{name}_nats_url", f"nats://{nats.name}:4222")
        self.secret("gateway_database_url", f"postgresql://daybook:{self._password}@{postgres.name}:5432/daybook")

    def secret(self, name: str, value: str) -> None:
        """A file of the folder that is mounted at /run/secrets."""
        path = self._secrets_dir / name
        path.write_text(value)
        path.chmod(0o444)

    def run(self, service: str, *command: str, **settings: str) -> tuple[int, str]:
        """Exit status and output of a command that ends by itself."""
        container = self.start(service, *command, **settings)
        status = container.wait(timeout=60)["StatusCode"]
        return status, container.logs().decode()

    def start(self, service: str, *command: str, **settings: str) -> Any:
        container = self._images.create(
            image_of(service),
            *command,
            name=f"{service}-{secrets.token_hex(2)}",
            network=self._network.name,
            environment={**self._settings, **settings},
            volumes={str(self._secrets_dir): {"bind": "/run/secrets", "mode": "ro"}},
            # The image's own check, asked more often.
            healthcheck={"interval": _SECOND_NS, "timeout": 3 * _SECOND_NS, "start_period": 60 * _SECOND_NS},
            **LOCKED,
        )
        container.start()
        return container

    def healthy(self, container: Any) -> None:
        """Returns once the engine says so. Raises: AssertionError with the log."""

        def is_healthy() -> bool:
            container.reload()
            assert container.status == "running", container.logs().decode()
            return health(container)["Status"] == "healthy"

        try:
            wait_until(is_healthy, within_s=HEALTHY_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"{health(container)}\n{container.logs().decode()[-4000:]}") from error

    def _beside(self, image: str, *command: str, name: str, **options: Any) -> Any:
        container = self._images.create(image, *command, name=name, network=self._network.name, **options)
        container.start()
        return container


def health(container: Any) -> dict[str, Any]:
    return container.attrs["State"]["Health"]


def stopped(container: Any) -> int:
    """SIGTERM, then SIGKILL after a while: the exit status."""
    container.stop(timeout=STOP_S)
    return container.wait(timeout=STOP_S)["StatusCode"]


def address(container: Any) -> str:
    container.reload()
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    return network["IPAddress"]


def told_by(container: Any, code: str) -> Any:
    """What a Python program started beside the service prints, read as JSON."""
    status, output = container.exec_run(["python", "-I", "-c", code])
    assert status == 0, output.decode()
    return json.loads(output)
