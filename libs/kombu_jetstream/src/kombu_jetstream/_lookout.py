"""A place to look from: a connection to JetStream for whoever wants to see queues and runs no worker."""

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import kombu

from kombu_jetstream._api import Api
from kombu_jetstream._endpoint import endpoint_of
from kombu_jetstream._link import acquire, release
from kombu_jetstream._naming import Names
from kombu_jetstream._registration import register
from kombu_jetstream.errors import InvalidUrl
from kombu_jetstream.transport import Transport

T = TypeVar("T")

#: Until an answer is there, or an error is raised.
PATIENCE_S = 5.0


@contextmanager
def lookout(connection: kombu.Connection | str) -> Generator["Lookout"]:
    """From a URL, or from a `kombu.Connection` with its options. It shares the process's socket where there is one.

    No stream is created, and the connection need not be open.

    Raises:
        InvalidUrl: it is no NATS connection.
        CannotConnect: no server answered.
    """
    register()
    connection = kombu.Connection(connection) if isinstance(connection, str) else connection
    transport = connection.transport
    if not isinstance(transport, Transport):
        raise InvalidUrl(f"{connection.as_uri()} is no NATS connection; the URL begins with nats:// or nats+tls://")
    options = transport.options
    link = acquire(endpoint_of(connection, options), options)
    api = Api(link.client, options.api_prefix, min(options.api_timeout_s, PATIENCE_S), PATIENCE_S)
    try:
        yield Lookout(api, transport.names, link.run)
    finally:
        release(link)


class Lookout:
    def __init__(self, api: Api, names: Names, run: Callable[[Coroutine[Any, Any, Any], float], Any]) -> None:
        self.api = api
        self.names = names
        self._run = run

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, from the caller's thread."""
        return self._run(work, PATIENCE_S * 2)
