"""Metrics that our modules declare, whether or not a process has counted something by them yet."""

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import gateway.app
import worker_kit

#: What brings the modules along that declare metrics.
DECLARED_BY = (gateway.app, worker_kit)
#: Of tests that count in this process.
_OF_TESTS = "daybook_test"


def declared() -> dict[str, set[str]]:
    """Name, as of its samples or its histogram -> labels. What collectors make at each scrape is not among them."""
    metrics = [each for each in list(REGISTRY._collector_to_names) if isinstance(each, MetricWrapperBase)]
    return {
        f"{each._name}_total" if each._type == "counter" else each._name: set(each._labelnames)
        for each in metrics
        if each._name.startswith("daybook_") and not each._name.startswith(_OF_TESTS)
    }
