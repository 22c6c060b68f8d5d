"""Celery beat: asks every few minutes for the reports whose period has ended.

Which those are is the gateway's to say, and it makes each once: any number of beats may run. It is a process of its
own, not `-B` of a worker, which Celery advises against where there may be several.
"""

from datetime import timedelta

from celery import Celery

from insights_worker.routes import SCHEDULE_QUEUE, SCHEDULE_REPORTS


def set_clock(app: Celery, *, every_s: float) -> None:
    """What beat sends. An order that nobody took before the next is due has expired: they do not pile up."""
    app.conf.beat_schedule = {
        "reports": {
            "task": SCHEDULE_REPORTS,
            "schedule": timedelta(seconds=every_s),
            "options": {"queue": SCHEDULE_QUEUE.name, "expires": every_s},
        }
    }
    app.conf.beat_max_loop_interval = every_s
