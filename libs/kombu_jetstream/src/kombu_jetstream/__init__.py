"""NATS JetStream as a Celery broker: `register()`, then `broker_url = "nats://user:password@host:4222/prefix"`."""

from kombu.transport import TRANSPORT_ALIASES

from kombu_jetstream._options import TransportOptions
from kombu_jetstream._permissions import Permissions, worker_permissions
from kombu_jetstream._queue import DURABLE_ARGUMENT, STREAM_ARGUMENT
from kombu_jetstream._topology import StreamSpec, stream_specs

__all__ = [
    "DURABLE_ARGUMENT",
    "STREAM_ARGUMENT",
    "Permissions",
    "StreamSpec",
    "TransportOptions",
    "register",
    "stream_specs",
    "worker_permissions",
]


def register() -> None:
    """Let kombu, and so Celery, know `nats://` and `nats+tls://`. Call it before the first connection.

    kombu refuses class paths in URLs (its issue 2641), so a process has to name the transport: by this call, or by
    Celery's `broker_transport = "kombu_jetstream.transport:Transport"`.
    """
    TRANSPORT_ALIASES["nats"] = "kombu_jetstream.transport:Transport"
