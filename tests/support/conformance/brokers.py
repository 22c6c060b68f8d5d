"""The brokers that are held to one set of expectations, each a real server with data of its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.nats_server import NatsServer
from support.rabbitmq_server import RabbitMqServer
from support.redis_server import RedisServer


@dataclass(frozen=True)
class Broker:
    name: str
    #: Says why it cannot be tested here, or None.
    missing: Callable[[], str | None]
    #: Starts it in a directory; yields its URL.
    serve: Callable[[Path], AbstractContextManager[str]]
    #: For `broker_transport_options`.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Priorities, urgent first, each in a step of its own.
    priorities: tuple[int, ...] = (9, 6, 3, 0)


@contextmanager
def _jetstream(directory: Path) -> Iterator[str]:
    with NatsServer(directory) as server:
        yield server.url("conformance")


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    with RedisServer(directory) as server:
        yield server.url()


@contextmanager
def _rabbitmq(directory: Path) -> Iterator[str]:
    with RabbitMqServer(directory) as server:
        yield server.url()


BROKERS = {
    broker.name: broker
    for broker in (
        Broker("jetstream", lambda: None, _jetstream, {"ack_wait_s": 5}),
        Broker(
            "redis",
            lambda: None if RedisServer.installed() else "redis-server is not in PATH (Debian: redis-server)",
            _redis,
            priorities=(0, 3, 6, 9),
        ),
        Broker(
            "rabbitmq",
            lambda: None if RabbitMqServer.installed() else "RabbitMQ is not installed (Debian: rabbitmq-server)",
            _rabbitmq,
            # Without it Celery's publisher does not wait until the broker has the message.
            {"confirm_publish": True},
        ),
    )
}
