"""The states of queues as Prometheus metric families."""

from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kombu_jetstream._watch.queue_states import ConsumerState, QueueState

QUEUE = ("stream", "queue")

#: Messages by what becomes of them next.
_STATES = ("waiting", "held", "given_up")

#: (name, meaning, value): a value of None is left out.
_GAUGES: tuple[tuple[str, str, Callable[[QueueState], float | None]], ...] = (
    ("queue_redelivered", "Messages delivered more than once and never acknowledged.", lambda state: state.redelivered),
    ("queue_open_pulls", "Pulls that wait for a message.", lambda state: state.open_pulls),
    ("queue_saturated", "Whether max_ack_pending keeps messages from workers.", lambda state: state.saturated),
    (
        "queue_last_delivery_timestamp_seconds",
        "When a message was last delivered.",
        lambda state: state.last_delivered_at and state.last_delivered_at.timestamp(),
    ),
    ("schedules_pending", "Messages that the server holds until their time.", lambda state: state.scheduled),
    (
        "schedules_next_due_timestamp_seconds",
        "When the next of them is due; a time in the past means that the server is late.",
        lambda state: state.next_due and state.next_due.timestamp(),
    ),
)


def queue_metrics(states: list[QueueState]) -> Iterable[Metric]:
    yield _messages(states)
    yield _steps(states)
    yield _ages(states)
    for name, meaning, value in _GAUGES:
        family = GaugeMetricFamily(f"kombu_jetstream_{name}", meaning, labels=QUEUE)
        for state in states:
            if (number := value(state)) is not None:
                family.add_metric((state.stream, state.queue), number)
        yield family
    deliveries = CounterMetricFamily(
        "kombu_jetstream_queue_deliveries", "Deliveries, repeats included, since the queue was made.", labels=QUEUE
    )
    for state in states:
        deliveries.add_metric((state.stream, state.queue), state.deliveries)
    yield deliveries


def _messages(states: list[QueueState]) -> Metric:
    family = GaugeMetricFamily(
        "kombu_jetstream_queue_messages", "Messages in a queue, by state.", labels=(*QUEUE, "state")
    )
    for state in states:
        for name, count in _counts(state).items():
            family.add_metric((state.stream, state.queue, name), count)
    return family


def _steps(states: list[QueueState]) -> Metric:
    family = GaugeMetricFamily(
        "kombu_jetstream_queue_step_messages",
        "Messages in a queue with priorities, by the lowest priority of a step.",
        labels=(*QUEUE, "step", "state"),
    )
    for state in states:
        for each in state.consumers:
            for name, count in _counts(each).items() if each.step is not None else ():
                family.add_metric((state.stream, state.queue, str(each.step), name), count)
    return family


def _ages(states: list[QueueState]) -> Metric:
    family = GaugeMetricFamily(
        "kombu_jetstream_queue_oldest_message_age_seconds",
        "Since the oldest message was stored that waits, or that is not settled; 0 where there is none.",
        labels=(*QUEUE, "state"),
    )
    for state in states:
        family.add_metric((state.stream, state.queue, "waiting"), state.oldest_waiting_age_s or 0.0)
        family.add_metric((state.stream, state.queue, "unsettled"), state.oldest_age_s or 0.0)
    return family


def _counts(state: QueueState | ConsumerState) -> dict[str, int]:
    return {name: count for name in _STATES if (count := getattr(state, name)) is not None}
