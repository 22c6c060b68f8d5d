"""What is counted of HTTP. Routes are templates: an address would make a time series, and hold ids."""

from telemetry import TracedHistogram

REQUEST_DURATION = TracedHistogram(
    "daybook_gateway_request_duration_seconds",
    "Time from a request's first byte to its answer's last.",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
