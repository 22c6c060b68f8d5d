"""The name by which kombu finds the transport."""

from kombu.transport import TRANSPORT_ALIASES


def register() -> None:
    """Let kombu, and so Celery, know `nats://` and `nats+tls://`. Call it before the first connection.

    kombu refuses class paths in URLs (its issue 2641), so a process has to name the transport: by this call, or by
    Celery's `broker_transport = "kombu_jetstream.transport:Transport"`.
    """
    TRANSPORT_ALIASES["nats"] = "kombu_jetstream.transport:Transport"
