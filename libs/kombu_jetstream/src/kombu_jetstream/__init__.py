"""NATS JetStream as a Celery broker: `register()`, then `broker_url = "nats://user:password@host:4222/prefix"`."""

from kombu_jetstream._connection.counters import Counters, process_counters
from kombu_jetstream._messages.lost_runs import Runs
from kombu_jetstream._topology.client_permissions import client_permissions
from kombu_jetstream._topology.monitor_permissions import monitor_permissions
from kombu_jetstream._topology.options import TransportOptions
from kombu_jetstream._topology.permissions import Permissions, worker_permissions
from kombu_jetstream._topology.queues import DURABLE_ARGUMENT, STREAM_ARGUMENT
from kombu_jetstream._topology.streams import Placement, StreamSpec, stream_specs
from kombu_jetstream._watch.given_up import GivenUp
from kombu_jetstream._watch.pending_schedules import Schedule
from kombu_jetstream._watch.queue_states import ConsumerState, QueueState
from kombu_jetstream._watch.registration import register
from kombu_jetstream._watch.watching import discard, given_up, pending_schedules, queue_states, run_again, withdraw

__all__ = [
    "DURABLE_ARGUMENT",
    "STREAM_ARGUMENT",
    "ConsumerState",
    "Counters",
    "GivenUp",
    "Permissions",
    "Placement",
    "QueueState",
    "Runs",
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
