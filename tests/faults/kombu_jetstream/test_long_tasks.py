"""Heartbeats keep a message for as long as its task runs."""

from support.kombu_jetstream.administration import consumer_deliveries
from support.kombu_jetstream.crew import RECORD, Crew
from support.kombu_jetstream.runs import Runs
from support.nats_server import NatsServer

ACK_WAIT_S = 2.0
POOLS = ("prefork", "threads", "solo")


def test_a_task_three_times_as_long_as_ack_wait_is_delivered_once_in_every_pool(
    crew: Crew, runs: Runs, server: NatsServer
) -> None:
    """In the solo pool the task blocks kombu's thread for all that time; the io thread must keep the message."""
    crew.options["ack_wait_s"] = ACK_WAIT_S
    for worker in [crew.launch(pool, pool=pool, queue=pool) for pool in POOLS]:
        worker.ready()
    client = crew.client()
    for pool in POOLS:
        client.send_task(RECORD, args=(pool, 3 * ACK_WAIT_S), queue=pool)
    for pool in POOLS:
        assert len(runs.wait_ended(pool)) == 1
    # A copy delivered to the same worker would be recognised and dropped: so ask the server too.
    assert {consumer_deliveries(server.url(), "FAULTS_TASKS", pool) for pool in POOLS} == {1}
