"""What Prometheus scrapes, from a real nats-server."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import kombu
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kombu_jetstream import Counters, process_counters
from kombu_jetstream.prometheus import JetStreamCollector
from support.kombu_jetstream.administration import create_events
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

PREFIX = "kombu_jetstream_"


def scraped(collector: JetStreamCollector) -> dict[tuple[str, ...], float]:
    """(name without prefix, stream, queue, step, state) -> value, through the text that Prometheus reads."""
    order = ("stream", "queue", "step", "state")
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples = [sample for family in families for sample in family.samples]
    return {
        (
            sample.name.removeprefix(PREFIX),
            *(sample.labels[name] for name in order if name in sample.labels),
        ): sample.value
        for sample in samples
    }


@pytest.fixture
def collector(connection: kombu.Connection) -> Iterator[JetStreamCollector]:
    made = JetStreamCollector(connection, cache_s=0)
    yield made
    made.close()


def test_a_scrape_tells_each_queue(connection: kombu.Connection, collector: JetStreamCollector, prefix: str) -> None:
    queue = kombu.Queue("q", max_priority=9)(connection.default_channel)
    queue.declare()
    producer = connection.Producer()
    for number in range(3):
        producer.publish(number, routing_key="q", priority=9)
    producer.publish(3, routing_key="q")
    due = datetime.now(UTC) + timedelta(seconds=500)
    producer.publish({}, routing_key="q", headers={"id": "x", "task": "t", "eta": due.isoformat()})
    assert queue.get() is not None
    found, stream = scraped(collector), f"{prefix.upper()}_TASKS"
    assert found["up",] == 1
    assert found["queue_messages", stream, "q", "waiting"] == 3
    assert found["queue_messages", stream, "q", "held"] == 1
    assert found["queue_messages", stream, "q", "given_up"] == 0
    assert found["queue_step_messages", stream, "q", "9", "waiting"] == 2
    assert 0 < found["queue_oldest_message_age_seconds", stream, "q", "waiting"] < 30
    assert found["queue_redelivered", stream, "q"] == 0
    assert found["queue_deliveries_total", stream, "q"] == 1
    assert found["queue_saturated", stream, "q"] == 0
    assert abs(found["queue_last_delivery_timestamp_seconds", stream, "q"] - time.time()) < 30
    assert found["schedules_pending", stream, "q"] == 1
    assert abs(found["schedules_next_due_timestamp_seconds", stream, "q"] - due.timestamp()) < 1


def test_what_this_process_does_is_counted(connection: kombu.Connection, collector: JetStreamCollector) -> None:
    queue = kombu.Queue("q")(connection.default_channel)
    queue.declare()
    before = process_counters()
    connection.Producer().publish("x", routing_key="q")
    until(queue.get).requeue()
    until(queue.get).ack()
    after = process_counters()
    assert after.publishes_confirmed - before.publishes_confirmed == 1
    assert (after.deliveries - before.deliveries, after.redeliveries - before.redeliveries) == (2, 1)
    until(lambda: process_counters().verdicts - before.verdicts == 2)
    assert scraped(collector)["process_publishes_confirmed_total",] == after.publishes_confirmed


def test_a_forked_child_counts_from_nought(connection: kombu.Connection) -> None:
    connection.Producer().publish("x", routing_key="q")
    assert process_counters().publishes_confirmed > 0
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(process_counters()))
    child.start()
    assert receiver.recv() == Counters()
    child.join(10)


def test_scrapes_close_together_read_once(connection: kombu.Connection) -> None:
    queue = kombu.Queue("q")(connection.default_channel)
    queue.declare()
    collector = JetStreamCollector(connection, cache_s=60)
    first = scraped(collector)
    connection.Producer().publish("x", routing_key="q")
    second = scraped(collector)
    collector.close()
    assert second["scrape_duration_seconds",] == first["scrape_duration_seconds",]
    assert [value for key, value in second.items() if "waiting" in key and key[0] == "queue_messages"] == [0]


def test_a_dead_server_is_told_soon_and_a_live_one_again(own_server: NatsServer) -> None:
    with kombu.Connection(own_server.url("again")) as connection:
        kombu.Queue("q")(connection.default_channel).declare()
    collector = JetStreamCollector(own_server.url("again"), cache_s=0, patience_s=0.5)
    assert scraped(collector)["up",] == 1
    own_server.kill()
    began_s = time.monotonic()
    dead = scraped(collector)
    assert time.monotonic() - began_s < 4
    assert (dead["up",], dead["scrape_errors_total",]) == (0, 1)
    assert not [key for key in dead if key[0].startswith("queue")], "no stale figures"
    own_server.start()
    assert until(lambda: scraped(collector)["up",] == 1)
    assert scraped(collector)["scrape_errors_total",] >= 1
    collector.close()


def test_a_frozen_server_does_not_hold_a_scrape_up(own_server: NatsServer) -> None:
    with kombu.Connection(own_server.url("ice")) as connection:
        kombu.Queue("q")(connection.default_channel).declare()
    collector = JetStreamCollector(own_server.url("ice"), cache_s=0, patience_s=0.5)
    assert scraped(collector)["up",] == 1
    own_server.freeze()
    try:
        began_s = time.monotonic()
        assert scraped(collector)["up",] == 0
        assert time.monotonic() - began_s < 4
    finally:
        own_server.thaw()
    assert until(lambda: scraped(collector)["up",] == 1)
    collector.close()


def test_without_prometheus_client_the_extra_is_named() -> None:
    program = "import sys; sys.modules['prometheus_client'] = None; import kombu_jetstream.prometheus"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "install daybook-kombu-jetstream[prometheus]" in done.stderr


def test_a_foreign_queue_that_is_gone_hides_no_other(
    connection: kombu.Connection, shared_server: NatsServer, prefix: str
) -> None:
    kombu.Queue("q")(connection.default_channel).declare()
    create_events(shared_server.url(), f"{prefix}_E", "reader", f"{prefix}.v1")
    collector = JetStreamCollector(connection, bound=[(f"{prefix}_E", "nobody"), (f"{prefix}_E", "reader")])
    found = scraped(collector)
    collector.close()
    assert (found["up",], found["scrape_errors_total",]) == (1, 1)
    told = {key[2] for key in found if key[0] == "queue_messages"}
    assert told == {"q", f"{prefix}_E/reader"}


def test_a_collector_is_made_and_registered_where_no_server_is_yet(own_server: NatsServer) -> None:
    own_server.kill()
    assert scraped(JetStreamCollector(own_server.url("x")))["up",] == 0
