"""Histograms whose buckets remember a trace: from a slow bucket one finds what was slow."""

from bisect import bisect_left
from collections.abc import Sequence
from math import inf
from pathlib import Path

from opentelemetry.trace import SpanContext, get_current_span
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.utils import floatToGoString

from telemetry.exemplars import Bucket, ExemplarFile, bucket_of
from telemetry.pool_files import pool_directory


class TracedHistogram:
    """A Prometheus histogram that keeps an exemplar of the current trace in each bucket, in prefork pools too.

    An observation outside of a sampled trace is counted and leaves no exemplar.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._histogram = Histogram(name, documentation, labels, buckets=buckets, registry=registry)
        self._name, self._labels = name, tuple(labels)
        self._bounds = (*buckets, inf)
        self._buckets: dict[tuple[int, tuple[str, ...]], Bucket] = {}

    def observe(self, value: float, *labels: str) -> None:
        """`labels`: the values, in order."""
        span = get_current_span().get_span_context()
        child = self._histogram.labels(*labels)
        if not (span.is_valid and span.trace_flags.sampled):
            child.observe(value)
            return
        directory = pool_directory()
        if directory is None:
            child.observe(value, {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"})
            return
        child.observe(value)
        self._keep(directory, value, labels, span)

    def _keep(self, directory: Path, value: float, labels: tuple[str, ...], span: SpanContext) -> None:
        number = bisect_left(self._bounds, value)
        bucket = self._buckets.get((number, labels))
        if bucket is None:
            named = {**dict(zip(self._labels, labels, strict=True)), "le": floatToGoString(self._bounds[number])}
            bucket = self._buckets[number, labels] = bucket_of(f"{self._name}_bucket", named)
        _file_in(directory).keep(bucket, value, span)


#: One a directory for all histograms of the process.
_files: dict[Path, ExemplarFile] = {}


def _file_in(directory: Path) -> ExemplarFile:
    return _files.setdefault(directory, ExemplarFile(directory))
