"""Qdrant: the embedded server, or a container of the official image. No image of it was at hand to try the latter."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import httpx

from devstack.qdrant import server as embedded
from support.backends.choice import image_of, in_container
from support.backends.container import ServerContainer
from support.backends.usage import USAGE

_PORT_INSIDE = 6333
_START_S = 60.0


class QdrantServer(Protocol):
    """Starts within a `with`, and may be stopped and started again there: port and data stay the same."""

    port: int

    @property
    def url(self) -> str: ...
    def start(self) -> Self: ...
    def stop(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def new_qdrant_server(directory: Path) -> QdrantServer:
    if in_container("qdrant"):
        USAGE.note("qdrant", "containers")
        return ContainerQdrant()
    USAGE.note("qdrant", "embedded")
    return embedded.QdrantServer(directory)


class ContainerQdrant:
    def __init__(self) -> None:
        self._container = ServerContainer(
            "qdrant", image_of("qdrant"), _PORT_INSIDE, env={"QDRANT__TELEMETRY_DISABLED": "true"}
        )
        self.port = self._container.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._container.launch(self._ready, within_s=_START_S)
        return self

    def stop(self) -> None:
        self._container.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.remove()

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False
