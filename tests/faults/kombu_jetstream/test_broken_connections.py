"""A proxy between a client or worker and the server breaks the connection at the worst moment."""

import logging
import threading
import time
from collections import Counter

import kombu
import pytest

from support.kombu_jetstream.administration import consumer_deliveries, is_empty, last_sequence
from support.kombu_jetstream.crew import RECORD, RECORD_AND_RETRY, Crew
from support.kombu_jetstream.runs import Runs
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer
from support.tcp_proxy import TcpProxy

log = logging.getLogger(__name__)

STREAM = "FAULTS_TASKS"
#: Everything up to the middle of the verdict passes, its other half does not.
HALF_AN_ACK = rb"PUB \$JS\.ACK\.FAULTS_TASKS\.[^\r]*\r\n(?P<pass>\+A)CK"
#: The server's confirmation of a published task.
PUB_ACK = rb'\{"stream":"FAULTS_TASKS", ?"seq":'
#: Half of the line that brings a task to a worker.
DELIVERY = rb"(?P<pass>HMSG faults\.tas)ks\.tasks\."
PING_INTERVAL_S = 1


def test_a_task_whose_ack_is_cut_in_half_is_not_repeated(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str, rounds: int
) -> None:
    crew.hire("one", url=proxied_url)
    client = crew.client()
    for number in range(rounds):
        trap = proxy.trap(HALF_AN_ACK, towards="server")
        client.send_task(RECORD, args=(f"half {number}",))
        trap.wait()
        until(lambda: is_empty(server.url(), STREAM))
    assert runs.counts() == {f"half {number}": 1 for number in range(rounds)}


@pytest.mark.parametrize("how", ["cut", pytest.param("swallow", marks=pytest.mark.faults)])
def test_a_task_whose_confirmation_is_lost_is_published_again_and_stored_once(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str, how: str
) -> None:
    client = crew.client(proxied_url)
    trap = proxy.trap(PUB_ACK, towards="client", how=how)
    client.send_task(RECORD, args=("once",))
    assert trap.sprung
    client.send_task(RECORD, args=("after",))
    assert last_sequence(server.url(), STREAM) == 2


def test_a_retry_inside_the_dedup_window_runs_and_its_lost_confirmation_repeats_nothing(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str
) -> None:
    crew.hire("one", url=proxied_url)
    client = crew.client()
    # Only the worker is behind the proxy: what is confirmed there is the retry, published from a pool child.
    trap = proxy.trap(PUB_ACK, towards="client")
    client.send_task(RECORD_AND_RETRY, args=("stubborn", 2))
    trap.wait()
    runs.wait_begun("stubborn", 3)
    until(lambda: is_empty(server.url(), STREAM))
    assert [run.retries for run in runs.of("stubborn")] == [0, 1, 2]


def test_a_blackholed_connection_is_left_after_three_pings_and_work_goes_on(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str
) -> None:
    (worker,) = crew.hire("one", url=proxied_url, concurrency=2, options={"ack_wait_s": 5})
    client = crew.client()
    client.send_task(RECORD, args=("under way", 5.0))
    runs.wait_begun("under way")
    connections = proxy.accepted
    proxy.blackhole()
    began_s = time.monotonic()
    until(lambda: proxy.accepted > connections)
    noticed_s = time.monotonic() - began_s
    log.info("a new connection %.2f s after the old one went silent", noticed_s)
    client.send_task(RECORD, args=("after",))
    runs.wait_ended("after")
    runs.wait_ended("under way")
    until(lambda: is_empty(server.url(), STREAM))
    assert noticed_s < 3 * PING_INTERVAL_S + 2
    assert runs.counts() == {"under way": 1, "after": 1}
    assert "nats: reconnected" in worker.text()


@pytest.mark.faults
def test_a_task_under_way_behind_a_blackhole_runs_on_another_worker_and_the_late_ack_harms_nothing(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str
) -> None:
    first = crew.launch("behind", url=proxied_url).ready()
    client = crew.client()
    client.send_task(RECORD, args=("under way", 7.0))
    runs.wait_begun("under way")
    crew.hire("other")
    proxy.blackhole()
    assert runs.wait_begun("under way", 2)[1].worker == "other@test"
    until(lambda: "nats: reconnected" in first.text())
    runs.wait_ended("under way", 2)
    until(lambda: is_empty(server.url(), STREAM))
    for number in range(4):
        client.send_task(RECORD, args=(f"after {number}", 0.5))
    runs.wait_names({f"after {number}" for number in range(4)})
    until(lambda: is_empty(server.url(), STREAM))
    assert runs.counts() == {"under way": 2, **{f"after {number}": 1 for number in range(4)}}


def test_a_task_lost_on_its_way_to_the_worker_comes_again_and_runs_once(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str, rounds: int
) -> None:
    crew.hire("one", url=proxied_url)
    client = crew.client()
    for number in range(rounds):
        trap = proxy.trap(DELIVERY, towards="client")
        client.send_task(RECORD, args=(f"lost {number}",))
        trap.wait()
        assert runs.wait_ended(f"lost {number}")[0].redelivered
    until(lambda: is_empty(server.url(), STREAM))
    assert runs.counts() == {f"lost {number}": 1 for number in range(rounds)}


def test_a_publisher_whose_buffers_a_blackhole_filled_goes_on_over_a_new_connection(
    server: NatsServer, proxy: TcpProxy, proxied_url: str
) -> None:
    body = "x" * 500_000
    options = {"ping_interval_s": PING_INTERVAL_S, "publish_timeout_s": 20}
    with kombu.Connection(proxied_url, transport_options=options) as connection:
        queue = kombu.Queue("full")(connection.default_channel)
        queue.declare()
        proxy.blackhole()
        done: list[int] = []

        threads = [threading.Thread(target=_publish, args=(connection, body, done)) for _ in range(30)]
        began_s = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        took_s = time.monotonic() - began_s
        assert len(done) == len(threads)
        assert took_s < 3 * PING_INTERVAL_S + 6
        assert queue.queue_declare().message_count == len(threads)


def _publish(connection: kombu.Connection, body: str, done: list[int]) -> None:
    with connection.channel() as channel:
        kombu.Producer(channel).publish(body, routing_key="full")
        done.append(1)


@pytest.mark.faults
def test_with_every_byte_300_ms_late_each_task_runs_once_and_no_message_is_delivered_twice(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str
) -> None:
    crew.hire("one", url=proxied_url, concurrency=2)
    client = crew.client(proxied_url)
    proxy.delay_s = 0.3
    for number in range(4):
        client.send_task(RECORD, args=(str(number), 2.0 if number == 0 else 0.0))
    runs.wait_ended("0")
    until(lambda: is_empty(server.url(), STREAM))
    assert runs.counts() == Counter(str(number) for number in range(4))
    assert consumer_deliveries(server.url(), STREAM, "tasks") == 4
