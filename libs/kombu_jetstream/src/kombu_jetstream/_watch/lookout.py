"""A place to look from: a connection to JetStream for whoever wants to see queues and runs no worker."""

from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import kombu

from kombu_jetstream._connection.api import Api
from kombu_jetstream._connection.endpoint import endpoint_of
from kombu_jetstream._link.links import acquire, release
from kombu_jetstream._watch.registration import register
from kombu_jetstream.errors import InvalidUrl
from kombu_jetstream.transport import Transport

T = TypeVar("T")

#: Until a request is answered, or an error is raised.
PATIENCE_S = 5.0


class Lookout:
    """From a URL, or from a `kombu.Connection` with its options. It shares the process's socket where there is one.

    No stream is created, and the connection need not be open. Close it.

    Raises:
        InvalidUrl: it is no NATS connection.
        CannotConnect: no server answered.
    """

    def __init__(self, connection: kombu.Connection | str, patience_s: float = PATIENCE_S) -> None:
        register()
        connection = kombu.Connection(connection) if isinstance(connection, str) else connection
        transport = connection.transport
        if not isinstance(transport, Transport):
            raise InvalidUrl(f"{connection.as_uri()} is no NATS connection; the URL begins with nats:// or nats+tls://")
        options = transport.options
        self._link = acquire(endpoint_of(connection, options), options)
        self._patience_s = patience_s
        self.names = transport.names
        self.client = self._link.client
        self.api = Api(self._link.client, options.api, min(options.api_timeout_s, patience_s), patience_s)

    @property
    def closed(self) -> bool:
        """Whether it is of no more use."""
        return self._link.closed

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, from the caller's thread.

        Raises:
            JetStreamUnavailable: several requests together took far too long.
        """
        return self._link.run(work, self._patience_s * 3)

    def close(self) -> None:
        # In a forked child it is the parent's.
        if not self._link.closed:
            release(self._link)


@contextmanager
def lookout(connection: kombu.Connection | str) -> Generator[Lookout]:
    place = Lookout(connection)
    try:
        yield place
    finally:
        place.close()
