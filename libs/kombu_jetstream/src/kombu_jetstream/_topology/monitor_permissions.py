"""The subjects that a NATS user needs to look at queues, and no more."""

from collections.abc import Iterable

from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.permissions import Permissions, api_of


def monitor_permissions(
    prefix: str,
    *,
    inbox_prefix: str = "_INBOX",
    bound: Iterable[tuple[str, str]] = (),
    operate: bool = False,
    domain: str | None = None,
) -> Permissions:
    """What `queue_states`, `pending_schedules`, `given_up`, the metrics and the command line need under `prefix`.

    The server finds the oldest message by giving it out, so this user may read what is stored: tasks with their
    arguments, and messages of the streams in `bound`. It can neither consume nor settle. `operate` adds what
    `withdraw`, `run_again` and `discard` need: to take away any message of the task stream, and to send tasks.
    """
    names, api = Names(prefix), api_of(domain)
    publish = [
        f"{api}.STREAM.INFO.{names.task_stream}",
        f"{api}.DIRECT.GET.{names.task_stream}",
        f"{api}.CONSUMER.INFO.{names.task_stream}.*",
    ]
    for stream in (names.task_stream, names.transient_stream):
        publish += [f"{api}.CONSUMER.LIST.{stream}", f"{api}.STREAM.MSG.GET.{stream}"]
    for stream, durable in bound:
        publish += [f"{api}.CONSUMER.INFO.{stream}.{durable}", f"{api}.STREAM.MSG.GET.{stream}"]
    if operate:
        publish += [f"{api}.STREAM.{verb}.{names.task_stream}" for verb in ("PURGE", "MSG.DELETE")]
        publish.append(f"{prefix}.tasks.>")
    return Permissions(tuple(publish), (f"{inbox_prefix}.>",))
