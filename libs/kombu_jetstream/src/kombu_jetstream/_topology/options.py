"""The transport's options: one frozen value, made from Celery's `broker_transport_options`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import UnionType
from typing import Any, Self, get_args

from kombu_jetstream._topology.naming import token
from kombu_jetstream._topology.streams import Placement
from kombu_jetstream.errors import InvalidOption

DEFAULT_API = "$JS.API"

#: Keys that kombu or Celery themselves read from the same mapping; they mean nothing to us and are let through.
FOREIGN_KEYS = frozenset(
    {
        "max_retries",
        "interval_start",
        "interval_step",
        "interval_max",
        "retry_errors",
        "polling_interval",
        "client_properties",
        "queue_order_strategy",
    }
)


@dataclass(frozen=True, kw_only=True)
class TransportOptions:
    """What may be written in `broker_transport_options`."""

    #: First token of every subject, and the start of both streams' names. None: the URL's virtual host, else "kombu".
    prefix: str | None = None
    #: More addresses of the same cluster (`host:port`). The client tries them in any order, and those it is told of.
    servers: tuple[str, ...] = ()
    #: Path of a `.creds` file: a user's JWT and nkey. Read again for each reconnect. Needs the extra `nkeys`.
    credentials: str | None = None
    #: Path of a file with the seed of a user's nkey. Needs the extra `nkeys`.
    nkey_seed: str | None = None
    #: The word of a server with `authorization { token }`, if it does not stand in the URL.
    token: str | None = field(default=None, repr=False)
    #: The name in the servers' certificates, where that is not their address.
    tls_hostname: str | None = None
    #: For servers with `handshake_first`: TLS before the first word.
    tls_first: bool = False
    #: False where somebody else applies `stream_specs(...)`: streams are then neither created nor looked at.
    create_streams: bool = True
    #: False for a program that only sends tasks: durable queues are taken for granted, neither made nor looked at, and
    #: it needs no permission to do so. What is sent before a worker declares its queue waits for that worker.
    declare_queues: bool = True
    #: How many servers of a cluster keep each stream and its queues: 1, 3 or 5. Used when we create the streams.
    replicas: int = 1
    #: Which servers, as `{"cluster": name, "tags": [tag, ...]}`. Used when we create the streams.
    placement: Placement | None = None
    #: A message whose holder sends no heartbeat for so long goes to another worker.
    ack_wait_s: float = 30.0
    #: Heartbeats stop after a message was held for so long; 0 for never. Keep it above Celery's hard time limit.
    max_hold_s: float = 0.0
    #: How often a message may be delivered before JetStream gives it up; -1 for no limit.
    max_deliver: int = -1
    #: Messages a queue may have out with all of its workers together.
    max_ack_pending: int = 20_000
    #: What a requeue waits before the message is delivered again.
    requeue_delay_s: float = 0.0
    #: How many messages a consumer without a prefetch count may hold.
    unlimited_prefetch: int = 200
    #: ETA and countdown shorter than this are left to the worker.
    min_schedule_s: float = 1.0
    #: How long JetStream remembers a message id. Used when we create the stream.
    duplicate_window_s: float = 120.0
    #: Bindings of durable queues to named exchanges, made by other processes, are seen after this time.
    binding_cache_s: float = 2.0
    connect_timeout_s: float = 4.0
    #: One attempt of an administrative request; attempts go on until publish_timeout_s.
    api_timeout_s: float = 2.0
    #: The whole of a publish, repeats under the same message id and a reconnect included.
    publish_timeout_s: float = 30.0
    #: Two unanswered pings end a connection: a blackholed server is noticed after about three intervals.
    ping_interval_s: int = 5
    reconnect_wait_s: float = 0.25
    #: Where answers to this process are sent; give each NATS user one of its own to permit nothing else.
    inbox_prefix: str = "_INBOX"
    #: The JetStream domain that holds the streams, where it is not that of the server we connect to (leaf nodes).
    domain: str | None = None
    #: Differs where JetStream is imported from another account. A domain has an option of its own.
    api_prefix: str = DEFAULT_API

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The options in `mapping`, checked.

        Raises:
            InvalidOption: a key is unknown or a value has the wrong type or size.
        """
        types = {each.name: each.type for each in fields(cls)}
        chosen: dict[str, Any] = {}
        for key, value in mapping.items():
            if key in FOREIGN_KEYS:
                continue
            if key not in types:
                raise InvalidOption(key, f"unknown option; known are {', '.join(sorted(types))}")
            chosen[key] = _checked(key, value, types[key])
        return cls(**chosen)

    @property
    def api(self) -> str:
        """What the subjects of JetStream's API begin with."""
        return self.api_prefix if self.domain is None else domain_api(self.domain)

    def __post_init__(self) -> None:
        if self.domain is not None and (not self.domain or token(self.domain) != self.domain):
            raise InvalidOption("domain", "one subject token: letters, digits, '-', '_' and '@'")
        if self.domain is not None and self.api_prefix != DEFAULT_API:
            raise InvalidOption("domain", "api_prefix says where the API is as well; give one of the two")
        if self.prefix is not None and token(self.prefix) != self.prefix:
            raise InvalidOption("prefix", "one subject token: letters, digits, '-', '_' and '@'")
        for name in ("ack_wait_s", "connect_timeout_s", "api_timeout_s", "publish_timeout_s", "duplicate_window_s"):
            if getattr(self, name) <= 0:
                raise InvalidOption(name, "must be above 0")
        for name in ("replicas", "unlimited_prefetch", "max_ack_pending", "ping_interval_s"):
            if getattr(self, name) < 1:
                raise InvalidOption(name, "must be at least 1")


def domain_api(domain: str) -> str:
    return f"$JS.{domain}.API"


def _placement(value: Any) -> Placement:
    given: Mapping[str, Any] = value if isinstance(value, Mapping) else {"?": value}
    cluster, tags = given.get("cluster"), given.get("tags", ())
    words: list[Any] = list(tags) if isinstance(tags, list | tuple) else [None]
    if given.keys() - {"cluster", "tags"} or not all(isinstance(word, str) for word in [cluster or "", *words]):
        raise InvalidOption("placement", 'expected {"cluster": name, "tags": [tag, ...]}, either or both')
    return Placement(cluster, tuple(words))


def _checked(key: str, value: object, declared: object) -> object:
    if key == "placement" and value is not None and not isinstance(value, Placement):
        return _placement(value)
    if key == "servers" and isinstance(value, list | tuple):
        return tuple(str(address) for address in value)
    accepted: tuple[type, ...] = get_args(declared) if isinstance(declared, UnionType) else (declared,)  # type: ignore[assignment]
    if float in accepted and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) and bool not in accepted:
        raise InvalidOption(key, f"expected {declared}, got {value!r}")
    if key == "servers" or not isinstance(value, accepted):
        raise InvalidOption(key, f"expected {declared}, got {'another type' if key == 'token' else repr(value)}")
    return value
