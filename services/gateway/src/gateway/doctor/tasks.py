"""Task queues: does a worker take what waits in each, and fast enough."""

from collections.abc import Iterator, Sequence

from gateway.doctor.findings import Finding, fail, ok, warn
from gateway.messaging.task_queues import TaskQueue

#: A worker whose hands are full with another queue's tasks leaves one alone for a moment.
_UNTAKEN_S = 60.0
#: As the alert DaybookQueueWaits.
_AGE_S = 900.0


def task_findings(queues: Sequence[TaskQueue]) -> Iterator[Finding]:
    """A line for each queue with trouble, else one for all."""
    if not queues:
        yield ok("no worker has task queues here: it makes them when it starts for the first time")
        return
    troubles = [finding for queue in queues for finding in _of(queue)]
    yield from troubles
    if not troubles:
        waiting, held = sum(queue.waiting for queue in queues), sum(queue.held for queue in queues)
        yield ok(f"{waiting} tasks wait in {len(queues)} queues, none for long; {held} are worked on")


def _of(queue: TaskQueue) -> Iterator[Finding]:
    # Queues are named after the worker that takes their tasks.
    worker = f"{queue.name.partition('.')[0]}-worker"
    if queue.oldest_s > _UNTAKEN_S and not queue.open_pulls and not queue.held:
        yield fail(
            f"nobody takes tasks of {queue.name}: {queue.waiting} wait, the oldest for {queue.oldest_s:.0f} s",
            f"is an {worker} there, and the model server? While that is away its tasks stay where they are;"
            f" if both are there, see the log of the {worker}, and start it again",
        )
    elif queue.oldest_s > _AGE_S:
        yield warn(
            f"the oldest of {queue.waiting} tasks of {queue.name} waits for {queue.oldest_s / 60:.0f} min;"
            f" {queue.held} are worked on",
            f"give it time, or add an {worker} where the model server has room (docs/watching.md: DaybookQueueWaits)",
        )
