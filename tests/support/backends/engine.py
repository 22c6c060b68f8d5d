"""The container engine: whether one answers, which images it has, and what runs of these tests left in it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ANSWER_S = 10
_HOST, _PID, _BEGAN = "daybook.test.host", "daybook.test.pid", "daybook.test.began"


class Engine:
    def fault(self) -> str:
        """Why none answers, or ""."""
        import docker

        if refused := _refused():
            return refused
        try:
            with _client() as client:
                client.ping()
        except docker.errors.DockerException as error:
            return str(error)
        return ""

    def has(self, image: str) -> bool:
        import docker

        with _client() as client:
            try:
                client.images.get(image)
            except docker.errors.ImageNotFound:
                return False
            return True

    def pull(self, image: str) -> str:
        """Why it could not be had, or ""."""
        import docker

        with _client() as client:
            try:
                client.images.pull(image)
            except docker.errors.APIError as error:
                return str(error)
            return ""


def labels() -> dict[str, str]:
    """Say which process of which machine a container belongs to."""
    pid = os.getpid()
    return {"daybook.test": "1", _HOST: socket.gethostname(), _PID: str(pid), _BEGAN: _began(pid)}


def remove_left(*, own: bool) -> int:
    """How many containers of killed runs of this machine were removed; with `own`, those of this run as well.

    Nobody does it for us: the reaper that testcontainers would start is one more image to be had.
    """
    import docker

    removed = 0
    with _client() as client:
        for container in client.containers.list(all=True, filters={"label": [f"{_HOST}={socket.gethostname()}"]}):
            pid = int(container.labels[_PID])
            alive = _began(pid) == container.labels[_BEGAN]
            if not alive or (own and pid == os.getpid()):
                try:
                    container.remove(force=True, v=True)
                except docker.errors.APIError as error:
                    # Somebody else, most likely another run that starts, is removing it at this moment.
                    if error.status_code not in {404, 409}:
                        raise
                removed += 1
    return removed


def _began(pid: int) -> str:
    """When it began, in ticks since the machine did, so that a number used again is told apart; "" if it is gone."""
    try:
        # The name, in brackets, may hold anything. The start time is field 22 of the whole.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        return ""


def _refused() -> str:
    """Why nobody takes a connection at the engine's socket, or "".

    Where nobody does, docker-py forgets to close its own: a ResourceWarning, in whatever test comes next.
    """
    import docker

    kind, _, path = docker.utils.parse_host(os.environ.get("DOCKER_HOST")).partition("://")
    if kind != "http+unix":
        return ""
    with socket.socket(socket.AF_UNIX) as knocking:
        try:
            knocking.connect(path)
        except OSError as error:
            return f"{path}: {error}"
    return ""


@contextmanager
def _client() -> Iterator[Any]:
    import docker

    client = docker.from_env(timeout=_ANSWER_S)
    try:
        yield client
    finally:
        client.close()
