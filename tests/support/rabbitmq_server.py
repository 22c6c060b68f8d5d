"""A real RabbitMQ on free loopback ports, with its data in a directory of the test's."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.ports import free_port
from devstack.process import ServerProcess
from support.redis_server import answers

#: Behind the wrapper that Debian puts into PATH, which insists on a user of its own.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_S = 120.0


class RabbitMqServer:
    """Starts in five seconds or more. Nothing of it listens beyond the loopback."""

    def __init__(self, directory: Path) -> None:
        self.port, mapper = free_port(), free_port()
        environment = {
            "HOME": str(directory),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"conformance-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_CONFIG_FILE": str(directory / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # Erlang would start a port mapper by itself, which outlives the server.
        command = ["epmd", "-port", str(mapper), "-address", "127.0.0.1"]
        self._mapper = ServerProcess("epmd", command, log=directory / "epmd.log", env=environment)
        self._mapper_port = mapper
        self._server = ServerProcess(
            "rabbitmq-server", [str(PROGRAM)], log=directory / "rabbitmq.log", env=environment, cwd=directory
        )

    @staticmethod
    def installed() -> bool:
        return os.access(PROGRAM, os.X_OK)

    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def __enter__(self) -> Self:
        try:
            self._mapper.start()
            self._mapper.wait_until(lambda: answers(self._mapper_port), within_s=10)
            self._server.start()
            self._server.wait_until(lambda: answers(self.port), within_s=START_S)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        # Its data goes with the test's directory: there is nothing that an orderly stop would save.
        self._server.kill()
        self._mapper.kill()
