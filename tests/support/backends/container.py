"""One server in one container, with the verbs that tests need: launch, stop, kill, pause, resume."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

from devstack.ports import HOST, is_free
from support.backends.engine import labels

#: Below the ports that Linux gives to whoever asks for any: none of those can take it while the server is down.
_PORTS = range(20_000, 32_768)
_POLL_S = 0.02
_STOP_S = 15
#: The engine's answer where the container does not run.
_CONFLICT = 409
_LOG_TAIL_CHARS = 2000
_numbers = count(1)


class ServerContainer:
    """Port and data stay the same over stops, kills and launches; `remove` ends both. Published on 127.0.0.1 alone."""

    def __init__(
        self, name: str, image: str, port_inside: int, *, command: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.port = _stable_port()
        self._image = image
        self._port_inside = port_inside
        self._command = command
        self._env = dict(env or {})
        self._container = None
        self._paused = False

    def launch(self, ready: Callable[[], bool], *, within_s: float, files: Mapping[str, bytes] | None = None) -> None:
        """Return once `ready()`. `files`, by their paths inside, are written before the server runs.

        Raises:
            RuntimeError: it ended first, or took longer. Carries the end of its log.
        """
        deadline_s = time.monotonic() + within_s
        if self._container is None:
            self._create(files or {})
        else:
            for path, content in (files or {}).items():
                self._container.copy_into_container(content, path)
            self._wrapped.start()
        while not ready():
            self._wrapped.reload()
            if self._wrapped.status == "exited" or time.monotonic() > deadline_s:
                raise RuntimeError(
                    f"{self.name} did not start ({self._wrapped.status}): {self.logs()[-_LOG_TAIL_CHARS:]}"
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Asked by its image's stop signal, killed if it takes long."""
        self.resume()
        self._wrapped.stop(timeout=_STOP_S)

    def kill(self) -> None:
        """SIGKILL."""
        from docker.errors import APIError

        self.resume()
        # It may have ended by itself.
        with suppress(APIError):
            self._wrapped.kill("SIGKILL")
        self._wrapped.wait(timeout=_STOP_S)

    def pause(self) -> None:
        self._wrapped.pause()
        self._paused = True

    def resume(self) -> None:
        if self._paused:
            self._wrapped.unpause()
            self._paused = False

    def remove(self) -> None:
        if self._container is not None:
            self.resume()
            self._container.stop()
            self._container = None

    def logs(self) -> str:
        return self._wrapped.logs().decode(errors="replace")

    def execute(self, *command: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Exit code and output of a program inside. One that finds no server there has failed, as others do."""
        from docker.errors import APIError

        try:
            code, output = self._wrapped.exec_run(list(command), environment=dict(env or {}))
        except APIError as error:
            if error.status_code != _CONFLICT:
                raise
            return 1, str(error)
        return code, output.decode(errors="replace")

    @property
    def _wrapped(self):
        assert self._container is not None, f"{self.name} was never started"
        return self._container.get_wrapped_container()

    def _create(self, files: Mapping[str, bytes]) -> None:
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer

        # Its reaper is an image of its own; `remove_left` does what it would do.
        testcontainers_config.ryuk_disabled = True
        made = DockerContainer(
            self._image,
            command=self._command or None,
            env=self._env,
            name=f"{_unique()}-{self.name}-{next(_numbers)}",
            labels=labels(),
        )
        # `with_bind_ports` would publish it on every address of this machine.
        made.ports = {f"{self._port_inside}/tcp": (HOST, self.port)}
        for path, content in files.items():
            made.with_copy_into_container(content, path)
        self._container = made
        made.start()


def files_named_in(config: str) -> dict[str, bytes]:
    """Content of each file of this machine that a configuration names in quotes, by its path."""
    paths = {Path(part) for part in config.split('"')[1::2] if part.startswith("/")}
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def _stable_port() -> int:
    while not is_free(port := random.choice(_PORTS)):
        pass
    return port


def _unique() -> str:
    """Of this run, and of no other: numbers of processes are used again."""
    own = labels()
    return f"daybook-test-{own['daybook.test.pid']}-{own['daybook.test.began']}"
