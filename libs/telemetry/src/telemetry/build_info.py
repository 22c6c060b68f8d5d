"""Which program this is: a metric whose value says nothing, and whose labels do."""

from collections.abc import Iterable
from importlib.metadata import version
from platform import python_version

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class BuildInfo(Collector):
    """`component` as in its distribution's name: `gateway` is `daybook-gateway`.

    Not `service`: Prometheus Operator writes a label of that name upon all that it scrapes by a Service.
    """

    def __init__(self, component: str, *, distribution: str | None = None) -> None:
        self._labels = (component, version(distribution or f"daybook-{component}"), python_version())

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "daybook_build_info", "Always 1; the labels say what runs.", labels=("component", "version", "python")
        )
        family.add_metric(self._labels, 1.0)
        yield family
