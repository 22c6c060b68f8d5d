"""NATS JetStream as a kombu transport.

Features
========
* Type: virtual over a durable log; messages, acks and delays are the server's
* Supports direct, topic and fanout exchanges: yes, yes, yes
* Supports priorities: yes, 0-9 in four steps, on queues with `x-max-priority`
* Supports TTL: yes, in whole seconds
* Delayed delivery: yes, by the server (nats-server 2.12 or later)

Connection String
=================
`nats://[LOGIN@]HOST[:PORT][/PREFIX]`, or `nats+tls://...` for TLS, after `kombu_jetstream.register()`. LOGIN is
`USER:PASSWORD` or a token. Several servers of one cluster: `nats://...;nats://...`.

Transport Options
=================
Each with its default; what it means at length stands in `kombu_jetstream.TransportOptions`. Unknown ones are refused.

* `prefix` (the URL's, else "kombu"): begins every subject and names both streams
* `servers` (): more addresses of the same cluster
* `credentials`, `nkey_seed`, `token`: a login that does not stand in the URL
* `tls_hostname`, `tls_first` (False): beside Celery's `broker_use_ssl`
* `create_streams` (True): False where an operator applies `stream_specs(...)`
* `declare_queues` (True): False for programs that only send
* `replicas` (1), `placement`, `duplicate_window_s` (120): of the streams, when they are created
* `domain`, `api_prefix` ("$JS.API"): where JetStream is, if not on the server that we connect to
* `inbox_prefix` ("_INBOX"): where answers come in; one of its own for each NATS user
* `ack_wait_s` (30): a message without a heartbeat for so long goes to another worker
* `max_hold_s` (0, for ever): when heartbeats end
* `max_deliver` (-1, no limit): deliveries until a message is given up
* `max_ack_pending` (20,000): what all workers of a queue may hold together
* `requeue_delay_s` (0): before a requeued message comes again
* `unlimited_prefetch` (200): what a consumer without a prefetch count may hold
* `min_schedule_s` (1): a countdown that is shorter is left to the worker
* `binding_cache_s` (2): for how long other processes' new bindings of durable queues go unseen
* `connect_timeout_s` (4), `api_timeout_s` (2), `publish_timeout_s` (30)
* `ping_interval_s` (5), `reconnect_wait_s` (0.25)
"""

import contextlib
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from kombu.transport import virtual
from typing_extensions import override

from kombu_jetstream._channel.broker import Broker
from kombu_jetstream._channel.channel import Channel
from kombu_jetstream._connection.addresses import DEFAULT_PORT
from kombu_jetstream._connection.endpoint import endpoint_of, settle_fields, shown_url
from kombu_jetstream._consume.ready import Arrival, Ready
from kombu_jetstream._link.links import acquire, release
from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream.errors import ApiError, CannotConnect, JetStreamUnavailable, LinkClosed

#: Messages handed to kombu before its event loop gets a turn.
DELIVERIES_A_TURN = 64


class Transport(virtual.Transport):
    Channel = Channel
    default_port = DEFAULT_PORT
    #: kombu leaves URLs to us, and what it shows of them to `as_uri`.
    can_parse_url = True
    driver_type = "nats"
    driver_name = "nats-py"
    #: On these kombu connects again. PublishNotConfirmed is none: it came after all the attempts that were wanted.
    connection_errors = (CannotConnect, JetStreamUnavailable, LinkClosed, OSError)
    channel_errors = (*virtual.Transport.channel_errors, ApiError)
    implements = virtual.Transport.implements.extend(
        asynchronous=True, exchange_type=frozenset(["direct", "topic", "fanout"]), heartbeats=False
    )

    def __init__(self, client: Any, **kwargs: Any) -> None:
        settle_fields(client)
        super().__init__(client, **kwargs)
        self.options = TransportOptions.from_mapping(client.transport_options or {})
        self._broker: Broker | None = None
        self._ready: Ready | None = None
        self._loop: Any = None
        self._pid = os.getpid()

    @property
    def broker(self) -> Broker:
        if self._broker is None:
            raise LinkClosed("not connected to NATS; connect again")
        return self._broker

    @property
    def ready(self) -> Ready:
        if self._ready is None:
            raise LinkClosed("not connected to NATS; connect again")
        return self._ready

    @property
    def names(self) -> Names:
        client: Any = self.client
        return Names.under(self.options.prefix, (client.virtual_host or "").strip("/"))

    @override
    def establish_connection(self) -> Any:
        link = acquire(endpoint_of(self.client, self.options), self.options)
        try:
            broker = Broker(link, self.names)
            if self.options.create_streams:
                broker.run(broker.ensure_streams())
        except BaseException:
            release(link)
            raise
        self._pid, self._broker, self._ready = os.getpid(), broker, Ready()
        link.mourners.add(self._ready.wakeup.set)
        return super().establish_connection()

    @override
    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        broker, ready, self._broker, self._ready = self._broker, self._ready, None, None
        if broker is None or ready is None:
            return
        if os.getpid() == self._pid:
            self.unregister_from_event_loop(connection, self._loop, ready)
            broker.link.mourners.discard(ready.wakeup.set)
            release(broker.link)
        ready.wakeup.close()

    @override
    def verify_connection(self, connection: Any) -> bool:
        return self._broker is not None and not self._broker.link.closed

    @override
    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver what has come; wait for it if nothing has.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
            LinkClosed: the connection is gone.
            NotPermitted: a queue may not be read.
        """
        deadline_s = None if timeout is None else time.monotonic() + timeout
        while not self._deliver_ready():
            left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            if not self.ready.wakeup.wait(left_s):
                raise TimeoutError("timed out")
            self.ready.wakeup.clear()

    @override
    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        self._loop = loop
        loop.add_reader(self.ready.wakeup.reader, self._on_readable)
        # What came before there was a loop to wake.
        self.ready.wakeup.set()

    @override
    def unregister_from_event_loop(self, connection: Any, loop: Any, ready: Ready | None = None) -> None:
        ready = ready or self._ready
        if loop is not None and ready is not None:
            with contextlib.suppress(KeyError, ValueError, OSError):
                loop.remove(ready.wakeup.reader)
        self._loop = None

    @override
    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """What kombu and Celery show. Of the login only the user, unless the password is asked for."""
        client: Any = self.client
        return shown_url(client, None if include_password else mask)

    @override
    def driver_version(self) -> str:
        return version("nats-py")

    def take_callback(self, queue: str) -> Callable[[dict[str, Any]], object]:
        """What kombu wants called with each message of `queue`; kombu keeps one a connection, we one a channel."""
        callbacks: dict[str, Callable[[dict[str, Any]], object]] = self._callbacks or {}
        return callbacks[queue]

    def _on_readable(self) -> None:
        self.ready.wakeup.clear()
        self._deliver_ready()

    def _deliver_ready(self) -> bool:
        """Whether a message was delivered. One that its channel has no room for keeps its place."""
        ready, waiting, delivered = self.ready, list[Arrival](), 0
        if self.broker.link.closed:
            raise LinkClosed("the connection to NATS was closed; connect again")
        if self.broker.link.unreadable is not None:
            raise self.broker.link.unreadable
        while delivered < DELIVERIES_A_TURN and (arrival := ready.take()) is not None:
            if arrival.intake.deliver(arrival):
                delivered += 1
            else:
                waiting.append(arrival)
        ready.put_back(waiting)
        if delivered == DELIVERIES_A_TURN:
            ready.wakeup.set()
        return delivered > 0
