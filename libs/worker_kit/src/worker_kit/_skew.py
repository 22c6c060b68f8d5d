"""Work of another version: while an upgrade rolls, old and new workers read the same events and the same queues.

What one of them does not know is another's: it goes back to the broker, and comes to one of them again a little later.
"""

from collections.abc import Callable
from typing import Any

import structlog
from celery.worker.consumer.consumer import Consumer

from worker_kit._losses import CountedRequest
from worker_kit._metrics import HANDED_BACK

#: The path of `WaitingConsumer`, as Celery wants it in its settings.
CONSUMER = f"{__name__}:WaitingConsumer"
#: Until it comes again. A rolling upgrade takes minutes, so that somebody who knows it is there soon.
BACK_S = 15.0
#: What nobody has known for so long, nobody will: the upgrade was taken back.
KNOWN_WITHIN_S = 3600.0

log = structlog.get_logger()


class WaitingConsumer(Consumer):
    """Celery's, but a task that this worker does not know is not dropped: a worker of another version may.

    And one whose earlier run was lost with a whole worker may have to wait.
    """

    def __init__(self, on_task_request: Callable[[Any], object], **options: Any) -> None:
        def begin(request: Any) -> None:
            if not isinstance(request, CountedRequest) or request.begin():
                on_task_request(request)

        super().__init__(begin, **options)

    def on_unknown_task(self, body: Any, message: Any, exc: Any) -> None:  # noqa: ARG002 - Celery calls it so
        name = message.headers.get("task")
        back_s: float = self.app.conf.get("daybook_back_s", BACK_S)
        HANDED_BACK.labels("task").inc()
        log.warning("task.unknown", task=name, task_id=message.headers.get("id"), back_s=back_s)
        if hasattr(message, "requeue_after"):
            message.requeue_after(back_s)
        else:  # Another broker than JetStream delivers what it gets back at once.
            errors: Any = self.connection_errors  # type: ignore[attr-defined] - Celery sets it when it connects
            self.timer.call_after(back_s, message.reject_log_error, (log, errors, True))
