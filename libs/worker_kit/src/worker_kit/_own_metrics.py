"""What a worker's main process tells beside what its pool counts: its build, its state, and how the queues are.

The queues are NATS's own account of them: every worker tells of all task queues, and one that lives is enough to see
them. Look at the greatest of the same series. Events are told of by the gateway.
"""

from collections.abc import Sequence

from celery import Celery
from prometheus_client import ProcessCollector
from prometheus_client.registry import Collector

from kombu_jetstream.prometheus import JetStreamCollector
from telemetry import BuildInfo
from worker_kit._metrics import WORKER_STATE


def own_metrics(service: str, app: Celery) -> Sequence[Collector]:
    """`app` with its settings made; nothing is connected before the first scrape. `service` as `serve_worker`'s."""
    WORKER_STATE.concurrency = app.conf.worker_concurrency
    own: list[Collector] = [BuildInfo(service), ProcessCollector(registry=None), WORKER_STATE]
    if str(app.conf.broker_url).startswith("nats"):
        own.append(JetStreamCollector(app.connection_for_read()))
    return own
