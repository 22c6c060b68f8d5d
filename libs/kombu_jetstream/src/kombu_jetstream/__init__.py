"""NATS JetStream as a Celery broker: `register()`, then `broker_url = "nats://user:password@host:4222/prefix"`."""

from kombu_jetstream._client_permissions import client_permissions
from kombu_jetstream._counters import Counters, process_counters
from kombu_jetstream._given_up import GivenUp
from kombu_jetstream._monitor_permissions import monitor_permissions
from kombu_jetstream._options import TransportOptions
from kombu_jetstream._pending_schedules import Schedule
from kombu_jetstream._permissions import Permissions, worker_permissions
from kombu_jetstream._queue import DURABLE_ARGUMENT, STREAM_ARGUMENT
from kombu_jetstream._queue_states import ConsumerState, QueueState
from kombu_jetstream._registration import register
from kombu_jetstream._topology import Placement, StreamSpec, stream_specs
from kombu_jetstream._watching import discard, given_up, pending_schedules, queue_states, run_again, withdraw

__all__ = [
    "DURABLE_ARGUMENT",
    "STREAM_ARGUMENT",
    "ConsumerState",
    "Counters",
    "GivenUp",
    "Permissions",
    "Placement",
    "QueueState",
    "Schedule",
    "StreamSpec",
    "TransportOptions",
    "client_permissions",
    "discard",
    "given_up",
    "monitor_permissions",
    "pending_schedules",
    "process_counters",
    "queue_states",
    "register",
    "run_again",
    "stream_specs",
    "withdraw",
    "worker_permissions",
]
