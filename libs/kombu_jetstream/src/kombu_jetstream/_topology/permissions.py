"""The subjects that a NATS user needs for a Celery worker, and no more."""

from collections.abc import Iterable
from dataclasses import dataclass

from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.options import DEFAULT_API, domain_api


@dataclass(frozen=True)
class Permissions:
    """Allow-lists for `permissions { publish, subscribe }` in the server's configuration."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def api_of(domain: str | None) -> str:
    return DEFAULT_API if domain is None else domain_api(domain)


def worker_permissions(
    prefix: str,
    *,
    inbox_prefix: str = "_INBOX",
    bound: Iterable[tuple[str, str]] = (),
    administer: bool = False,
    domain: str | None = None,
) -> Permissions:
    """What a worker under `prefix` may do, and whoever sends tasks and uses remote control; `create_streams` is false.

    `bound` are (stream, durable) pairs of queues that are bound to foreign streams: those are read and settled, never
    created or changed. `administer` adds what `celery purge` and deleting queues need. `domain` is the option's value.
    """
    api = api_of(domain)
    names = Names(prefix)
    streams = (names.task_stream, names.transient_stream)
    publish = [f"{prefix}.{kind}.>" for kind in ("tasks", "later", "inbox", "exchange")]
    for stream in streams:
        publish += [f"{api}.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")]
        publish.append(f"$JS.ACK.{stream}.>")
    publish.append(f"{api}.CONSUMER.LIST.{names.task_stream}")
    # How many runs of a message were lost, and no message.
    publish.append(f"{api}.DIRECT.GET.{names.task_stream}.{names.all_lost()}")
    for stream, durable in bound:
        publish += [f"{api}.CONSUMER.{verb}.{stream}.{durable}" for verb in ("INFO", "MSG.NEXT")]
        publish.append(f"$JS.ACK.{stream}.{durable}.>")
    if administer:
        publish += [f"{api}.CONSUMER.DELETE.{stream}.>" for stream in streams]
        publish.append(f"{api}.STREAM.PURGE.{names.task_stream}")
    return Permissions(tuple(publish), (f"{inbox_prefix}.>",))
