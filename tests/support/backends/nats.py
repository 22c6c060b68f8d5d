"""NATS with the stack's own configuration: the embedded server's, or the same in a container."""

import json
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from devstack import nats as embedded
from devstack.nats import NatsUser, nats_config
from support.backends.choice import image_of, in_container
from support.backends.container import ServerContainer, files_named_in
from support.backends.usage import USAGE

_PORT_INSIDE = 4222
_CONFIG_INSIDE = "/daybook/nats.conf"
_START_S = 30.0


class NatsServer(Protocol):
    """Starts within a `with`, and may be stopped and started again there: port and data stay the same."""

    port: int

    @property
    def url(self) -> str:
        """Without a login; `url_of` has one."""
        ...

    def url_of(self, user: str) -> str: ...
    def start(self) -> Self: ...
    def stop(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def new_nats_server(directory: Path, *, users: tuple[NatsUser, ...] = ()) -> NatsServer:
    if in_container("nats"):
        USAGE.note("nats", "containers")
        return ContainerNats(users)
    USAGE.note("nats", "embedded")
    return embedded.NatsServer(directory, users=users)


class ContainerNats:
    def __init__(self, users: tuple[NatsUser, ...] = ()) -> None:
        self._users = users
        self._runner = NatsContainer()
        self.port = self._runner.port

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def url_of(self, user: str) -> str:
        password = next(known.password for known in self._users if known.name == user)
        return f"nats://{user}:{password}@127.0.0.1:{self.port}"

    def start(self) -> Self:
        config = json.loads(nats_config(Path(self._runner.store), self.port, self._users))
        self._runner.start(json.dumps(config | self._runner.addresses))
        return self

    def stop(self) -> None:
        self._runner.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.remove()


class NatsContainer(ServerContainer):
    """A nats-server that reads the configuration it is given at each start."""

    store = "/data/jetstream"

    def __init__(self) -> None:
        super().__init__("nats", image_of("nats"), _PORT_INSIDE, command=f"-c {_CONFIG_INSIDE}")
        self._starts = 0

    @property
    def addresses(self) -> dict[str, str]:
        """Must be in the configuration. Clients are told the published address: by itself the server tells its own, on
        the engine's network, and they would go there when they reconnect.
        """
        return {"listen": f"0.0.0.0:{_PORT_INSIDE}", "client_advertise": f"127.0.0.1:{self.port}"}

    def start(self, config: str) -> None:
        self._starts += 1
        files = {_CONFIG_INSIDE: config.encode(), **files_named_in(config)}
        self.launch(lambda: self.logs().count("Server is ready") >= self._starts, within_s=_START_S, files=files)
