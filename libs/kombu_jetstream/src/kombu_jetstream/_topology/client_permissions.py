"""The subjects that a NATS user needs to send tasks, and no more."""

from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.permissions import Permissions, api_of


def client_permissions(
    prefix: str,
    *,
    inbox_prefix: str = "_INBOX",
    exchanges: bool = False,
    control: bool = False,
    domain: str | None = None,
) -> Permissions:
    """What a program needs that only sends tasks under `prefix`, with `create_streams` and `declare_queues` false.

    It can neither read nor take a task, not even its own. `exchanges` adds publishing to named exchanges, whose
    bindings are read from the queues' consumers. `control` adds remote control, its replies and events: with it the
    transient stream may be read, which holds no task, and every worker under the prefix may be told to shut down.
    """
    names, api = Names(prefix), api_of(domain)
    publish = [f"{prefix}.{kind}.>" for kind in ("tasks", "later")]
    if exchanges:
        publish.append(f"{api}.CONSUMER.LIST.{names.task_stream}")
    if exchanges or control:
        publish.append(f"{prefix}.exchange.>")
    if control:
        stream = names.transient_stream
        publish.append(f"{prefix}.inbox.>")
        publish += [f"{api}.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")]
        publish.append(f"$JS.ACK.{stream}.>")
    return Permissions(tuple(publish), (f"{inbox_prefix}.>",))
