"""A real nats-server on a free port, with JetStream and the configuration that a test wants."""

from pathlib import Path
from types import TracebackType
from typing import Self

from support.backends.choice import in_container
from support.backends.nats import NatsContainer
from support.backends.nats_process import NatsProcess
from support.backends.usage import USAGE

USER, PASSWORD = "broker", "s3cret"


class NatsServer:
    """`restart` keeps port and data; `kill` is SIGKILL.

    `authorization` is the inside of that block, "" for a server that lets everybody in; `more` are further lines of the
    configuration, `storage` further settings of its JetStream. Files that `more` names are there in a container too.
    `embedded` keeps it out of one: it is part of a test that no container can be part of.
    """

    def __init__(
        self,
        directory: Path,
        *,
        authorization: str | None = None,
        more: str = "",
        storage: str = "",
        embedded: bool = False,
    ) -> None:
        users = f"users = [{{user: {USER}, password: {PASSWORD}}}]"
        inside = users if authorization is None else authorization
        self._more = f"authorization {{ {inside} }}\n{more}\n" if inside else f"{more}\n"
        self._storage = storage
        contained = in_container("nats") and not embedded
        USAGE.note("nats", "containers" if contained else "embedded")
        self._runner: NatsContainer | NatsProcess = NatsContainer() if contained else NatsProcess(directory)

    @property
    def port(self) -> int:
        return self._runner.port

    def start(self) -> Self:
        addresses = "".join(f"{name}: {address}\n" for name, address in self._runner.addresses.items())
        storage = f"store_dir: {self._runner.store}, sync_interval: always{self._storage and ', '}{self._storage}"
        self._runner.start(f"{addresses}jetstream {{ {storage} }}\n{self._more}")
        return self

    def restart(self) -> None:
        """As after a crash: SIGKILL, then the same port and data."""
        self.kill()
        self.start()

    def kill(self) -> None:
        self._runner.kill()

    def stop(self) -> None:
        self._runner.stop()

    def freeze(self) -> None:
        """Its sockets stay open and nobody answers."""
        self._runner.pause()

    def thaw(self) -> None:
        self._runner.resume()

    def limit_files(self, size_bytes: int) -> None:
        """No file can grow beyond this any more: each such write fails, as on a full disk. Embedded servers only."""
        assert isinstance(self._runner, NatsProcess), "a container's process is not this machine's to limit"
        self._runner.limit_files(size_bytes)

    def url(self, prefix: str = "", user: str = USER, password: str = PASSWORD) -> str:
        return f"nats://{user}:{password}@127.0.0.1:{self.port}/{prefix}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.remove()
