"""Tracing switched on: spans leave for an OpenTelemetry collector, if there is one, and else are never made.

Without an endpoint nothing is imported beyond OpenTelemetry's API, whose spans are empty.
"""

from threading import Thread
from typing import Protocol

from telemetry.endpoint import CollectorAddress


class _Flushable(Protocol):
    def force_flush(self, timeout_millis: int = ...) -> bool: ...


#: The process's, and after a fork its children's: OpenTelemetry allows one, once.
_provider: _Flushable | None = None


def configure_tracing(*, service: str, endpoint: str | None, allow_remote: bool = False) -> None:
    """Send this process's spans, and those of processes forked from it, by OTLP over HTTP to `endpoint`.

    `endpoint` is a collector's address such as `http://127.0.0.1:4318`. None: no tracing. Call it once, early.
    Variables of the environment that begin with `OTEL_` are removed: what goes where is said here alone.

    Raises:
        InvalidEndpoint: no such address.
        RemoteEndpointRefused: it is public, and `allow_remote` is off.
    """
    if endpoint is None:
        return
    address = CollectorAddress(endpoint, allow_remote=allow_remote)
    address.refuse_remote()
    # Half a second and 20 MB that only those pay who trace.
    from telemetry.otlp import install_provider

    global _provider  # noqa: PLW0603 - OpenTelemetry's own is global and for once, too
    _provider = install_provider(service, address)


def flush_tracing(*, within_s: float = 3.0) -> None:
    """Send what has ended and was not sent. For a process that is about to end, which loses the rest."""
    provider = _provider
    if provider is None:
        return
    # The SDK's own limit is not heeded by it: a thread that is left behind ends with the process.
    flushing = Thread(target=provider.force_flush, name="flush-spans", daemon=True)
    flushing.start()
    flushing.join(within_s)
