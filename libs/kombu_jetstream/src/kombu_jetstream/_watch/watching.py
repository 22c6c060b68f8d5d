"""Looking at queues from outside: how they are, what is scheduled, what was given up, and doing something about it."""

from collections.abc import Iterable

import kombu

from kombu_jetstream._watch.given_up import GivenUp, GivenUps
from kombu_jetstream._watch.lookout import lookout
from kombu_jetstream._watch.pending_schedules import PendingSchedules, Schedule
from kombu_jetstream._watch.queue_states import QueueState
from kombu_jetstream._watch.survey import Survey


def queue_states(
    connection: kombu.Connection | str, *, bound: Iterable[tuple[str, str]] = (), transient: bool = False
) -> list[QueueState]:
    """How every durable queue under the connection's prefix is, whoever declared it; nothing is consumed or created.

    `bound` are the (stream, durable) pairs of foreign queues to tell of as well; `transient` adds the auto-delete
    queues (remote control, replies, events). Costs a request or two for the stream, one for 256 consumers, and up to
    three for each consumer that is not empty.

    Raises:
        TopologyMissing: a stream or a bound durable is not there.
        CannotConnect, JetStreamUnavailable: no answer came in time.
        InvalidUrl: it is no NATS connection.
    """
    with lookout(connection) as place:
        return place.run(Survey(place.api, place.names).read(bound, transient=transient))


def pending_schedules(
    connection: kombu.Connection | str, *, queue: str | None = None, task_id: str | None = None, limit: int = 100
) -> list[Schedule]:
    """What the server holds until its time, soonest first: the first `limit` of a queue, of a task, or of all.

    Raises: as `queue_states`.
    """
    with lookout(connection) as place:
        return place.run(PendingSchedules(place.api, place.names).soonest(queue, task_id, limit))


def withdraw(connection: kombu.Connection | str, task_id: str, *, queue: str | None = None) -> int:
    """Take away what the server holds for a task until its time; returns how many messages that were.

    Nothing is delivered then, and no worker hears of it. What is due already is out of reach here: revoke that. The
    message id stays known for the stream's dedup window (120 s): the same task id sent again within it is dropped.

    Raises: as `queue_states`.
    """
    with lookout(connection) as place:
        return place.run(PendingSchedules(place.api, place.names).withdraw(task_id, queue))


def given_up(connection: kombu.Connection | str, queue: str, *, limit: int = 100) -> list[GivenUp]:
    """Messages of a durable queue that were delivered `max_deliver` times and never acknowledged, oldest first.

    They rest in the stream until somebody uses `run_again` or `discard`. JetStream tells of each when it happens, on
    `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.<stream>.<consumer>`. Later it tells which they are only when nothing of
    the queue is held for a moment: a busy queue counts them in its state, and lists them when its workers pause.

    Raises: as `queue_states`.
    """
    with lookout(connection) as place:
        return place.run(GivenUps(place.api, place.client, place.names, queue).first(limit))


def run_again(connection: kombu.Connection | str, queue: str, *, limit: int = 100) -> int:
    """Send the first `limit` messages that were given up again, each with all its deliveries; how many that were.

    Raises: as `queue_states`.
    """
    with lookout(connection) as place:
        return place.run(GivenUps(place.api, place.client, place.names, queue).run_again(limit))


def discard(connection: kombu.Connection | str, queue: str, *, limit: int = 100) -> int:
    """Remove the first `limit` messages that were given up; how many that were.

    Raises: as `queue_states`.
    """
    with lookout(connection) as place:
        return place.run(GivenUps(place.api, place.client, place.names, queue).discard(limit))
