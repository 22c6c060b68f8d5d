"""The two streams the transport lives on, as values: for itself and for whoever creates streams up front."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu_jetstream._topology.naming import Names

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Placement:
    """Which servers of a cluster, or of clusters, may hold a stream."""

    #: The name of one cluster of a super-cluster.
    cluster: str | None = None
    #: A server needs all of them among its `server_tags`.
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """A stream as the transport needs it; `config()` is the body of `$JS.API.STREAM.CREATE.<name>`."""

    name: str
    subjects: tuple[str, ...]
    #: "workqueue": a message goes when it is acknowledged. "interest": when nobody is left who wants it.
    retention: str
    #: "file" or "memory".
    storage: str
    replicas: int
    duplicate_window_s: float
    #: 0: messages do not age.
    max_age_s: float = 0
    #: -1: no limit.
    max_bytes: int = -1
    #: Delayed messages are held by the server (nats-server 2.12 or later).
    schedules: bool = False
    placement: Placement = Placement()

    def config(self) -> dict[str, Any]:
        """The stream's configuration in the JSON of the JetStream API: durations in nanoseconds."""
        placement = {
            **({"cluster": self.placement.cluster} if self.placement.cluster else {}),
            **({"tags": list(self.placement.tags)} if self.placement.tags else {}),
        }
        return {
            "name": self.name,
            "subjects": list(self.subjects),
            "retention": self.retention,
            "storage": self.storage,
            "num_replicas": self.replicas,
            "duplicate_window": int(self.duplicate_window_s * NANOSECONDS),
            "max_age": int(self.max_age_s * NANOSECONDS),
            "max_bytes": self.max_bytes,
            "max_msgs": -1,
            "max_consumers": -1,
            "discard": "old",
            "allow_msg_ttl": True,
            "allow_msg_schedules": self.schedules,
            "allow_direct": True,
            **({"placement": placement} if placement else {}),
        }


def losing_limits(config: Mapping[str, Any]) -> str:
    """The limits at which a stream drops confirmed tasks: "" if it never does, or refuses new ones instead."""
    if config.get("retention") != "workqueue":
        return ""
    sizes = ("max_bytes", "max_msgs", "max_msgs_per_subject") if config.get("discard") == "old" else ()
    return ", ".join(name for name in (*sizes, "max_age") if config.get(name, 0) > 0)


def stream_specs(
    prefix: str, *, replicas: int = 1, duplicate_window_s: float = 120.0, placement: Placement | None = None
) -> tuple[StreamSpec, StreamSpec]:
    """The task stream and the transient stream for `prefix`.

    Tasks rest in a file-backed work queue until a worker acknowledges them. What is worth nothing after a restart
    (remote control, its replies, events) passes through memory, at most an hour old and 64 MiB in all.
    """
    names = Names(prefix)
    where = placement or Placement()
    tasks = StreamSpec(
        name=names.task_stream,
        subjects=(f"{prefix}.tasks.>", f"{prefix}.later.>"),
        retention="workqueue",
        storage="file",
        replicas=replicas,
        placement=where,
        duplicate_window_s=duplicate_window_s,
        schedules=True,
    )
    transient = StreamSpec(
        name=names.transient_stream,
        subjects=(f"{prefix}.inbox.>", f"{prefix}.exchange.>"),
        retention="interest",
        storage="memory",
        replicas=replicas,
        placement=where,
        duplicate_window_s=min(duplicate_window_s, 10.0),
        max_age_s=3600,
        max_bytes=64 * 1024 * 1024,
    )
    return tasks, transient
