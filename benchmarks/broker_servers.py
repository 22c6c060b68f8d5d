"""The brokers that `broker.py` compares, each a real server on a free loopback port with its data in a folder."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.nats import NatsServer, NatsUser
from devstack.ports import free_port
from devstack.process import ServerProcess

_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@dataclass(frozen=True)
class RunningBroker:
    url: str
    #: The processes that serve; what they spend counts as the broker's.
    pids: tuple[int, ...]


@dataclass(frozen=True)
class Broker:
    name: str
    #: Says when what it has accepted is on the disk.
    durability: str
    installed: Callable[[], bool]
    serve: Callable[[Path], AbstractContextManager[RunningBroker]]


@contextmanager
def _nats(directory: Path) -> Iterator[RunningBroker]:
    user = NatsUser("bench", "bench", publish=(">",), subscribe=(">",))
    with NatsServer(directory, users=(user,)) as server:
        yield RunningBroker(f"{server.url_of(user.name)}/bench", (server.process.pid or 0,))


def _redis(*settings: str) -> Callable[[Path], AbstractContextManager[RunningBroker]]:
    @contextmanager
    def start(directory: Path) -> Iterator[RunningBroker]:
        port = free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), *settings]
        with _running("redis", command, port, directory, within_s=15) as process:
            yield RunningBroker(f"redis://127.0.0.1:{port}/0", (process.pid or 0,))

    return start


@contextmanager
def _rabbitmq(directory: Path) -> Iterator[RunningBroker]:
    port, epmd_port = free_port(), free_port()
    # Erlang would start a port mapper of its own, which outlives the server.
    environment = {
        "HOME": str(directory),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "bench@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_CONFIG_FILE": str(directory / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    epmd = ["epmd", "-port", str(epmd_port), "-address", "127.0.0.1"]
    with (
        _running("epmd", epmd, epmd_port, directory, within_s=10, environment=environment),
        _running("rabbitmq", [str(_RABBITMQ)], port, directory, within_s=90, environment=environment) as process,
    ):
        yield RunningBroker(f"amqp://guest:guest@127.0.0.1:{port}//", (process.pid or 0,))


@contextmanager
def _running(
    name: str,
    command: list[str],
    port: int,
    directory: Path,
    *,
    within_s: float,
    environment: dict[str, str] | None = None,
) -> Iterator[ServerProcess]:
    """A server that is ready once its port answers."""
    process = ServerProcess(name, command, log=directory / f"{name}.log", env=environment, cwd=directory)
    process.start()
    try:
        process.wait_until(lambda: _answers(port), within_s=within_s)
        yield process
    finally:
        process.stop()
        process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _found(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


BROKERS = (
    Broker("jetstream", "each message, before it is confirmed", lambda: True, _nats),
    Broker("redis", "as Debian ships it: a snapshot now and then", _found("redis-server"), _redis()),
    Broker(
        "redis, synced",
        "each message, before it is confirmed",
        _found("redis-server"),
        _redis("--appendonly", "yes", "--appendfsync", "always"),
    ),
    Broker("rabbitmq", "soon; not confirmed to Celery's publisher", lambda: os.access(_RABBITMQ, os.X_OK), _rabbitmq),
)
