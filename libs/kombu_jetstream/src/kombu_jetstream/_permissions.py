"""The subjects that a NATS user needs for a Celery worker, and no more."""

from collections.abc import Iterable
from dataclasses import dataclass

from kombu_jetstream._naming import Names


@dataclass(frozen=True)
class Permissions:
    """Allow-lists for `permissions { publish, subscribe }` in the server's configuration."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def worker_permissions(
    prefix: str, *, inbox_prefix: str = "_INBOX", bound: Iterable[tuple[str, str]] = (), administer: bool = False
) -> Permissions:
    """What a worker (or a program that sends tasks) under `prefix` may do, with `create_streams: false`.

    `bound` are (stream, durable) pairs of queues that are bound to foreign streams: those are read and settled, never
    created or changed. `administer` adds what `celery purge` and deleting queues need.
    """
    names = Names(prefix)
    streams = (names.task_stream, names.transient_stream)
    publish = [f"{prefix}.{kind}.>" for kind in ("tasks", "later", "inbox", "exchange")]
    for stream in streams:
        publish += [f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")]
        publish.append(f"$JS.ACK.{stream}.>")
    publish.append(f"$JS.API.CONSUMER.LIST.{names.task_stream}")
    for stream, durable in bound:
        publish += [f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "MSG.NEXT")]
        publish.append(f"$JS.ACK.{stream}.{durable}.>")
    if administer:
        publish += [f"$JS.API.CONSUMER.DELETE.{stream}.>" for stream in streams]
        publish.append(f"$JS.API.STREAM.PURGE.{names.task_stream}")
    return Permissions(tuple(publish), (f"{inbox_prefix}.>",))
