"""What the gateway counts."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_EVENTS = Gauge("daybook_gateway_outbox_events", "Events that JetStream has not acknowledged yet.")
OUTBOX_LAG = Gauge("daybook_gateway_outbox_lag_seconds", "Age of the oldest event in the outbox.")
EVENTS_RELAYED = Counter("daybook_gateway_events_relayed_total", "Events that JetStream has acknowledged.")
EVENT_DELAY = Histogram(
    "daybook_gateway_event_delay_seconds",
    "From storing an event to JetStream's acknowledgement.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)
RELAY_FAILURES = Counter("daybook_gateway_relay_failures_total", "Batches that could not be relayed whole.", ["reason"])
EVENT_FOLLOWERS = Gauge("daybook_gateway_event_followers", "Clients that follow the events of a journal.")
ENRICHMENTS_REISSUED = Counter(
    "daybook_gateway_enrichments_reissued_total", "Overdue enrichments that were asked for again.", ["kind"]
)
#: How many were marked is counted nowhere: on a machine of one writer it would tell of that person.
CARE_EXAMINED = Counter("daybook_gateway_care_examined_total", "Texts examined before anything was generated.")
NATS_REQUESTS = Counter("daybook_gateway_nats_requests_total", "Requests over NATS.", ["subject", "outcome"])
NATS_REQUEST_TIME = Histogram(
    "daybook_gateway_nats_request_seconds", "Time to answer a request over NATS.", ["subject"]
)
