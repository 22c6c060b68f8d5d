"""SIGSTOP: a process stands still with its sockets open, and goes on later as if nothing had been."""

import asyncio
import contextlib
import logging
import time

import kombu
import pytest

from support.kombu_jetstream.administration import is_empty
from support.kombu_jetstream.crew import RECORD, Crew
from support.kombu_jetstream.runs import Runs
from support.kombu_jetstream.worker import Worker, until
from support.nats_server import NatsServer

log = logging.getLogger(__name__)

STREAM = "FAULTS_TASKS"
ACK_WAIT_S = 1.5


def test_the_task_of_a_frozen_worker_runs_on_another_and_its_late_ack_harms_nothing(
    crew: Crew, runs: Runs, server: NatsServer, rounds: int
) -> None:
    workers = _by_name(crew)
    client = crew.client()
    for number in range(rounds):
        name = f"frozen {number}"
        client.send_task(RECORD, args=(name, 1.0))
        first = runs.wait_begun(name)[0]
        workers[first.worker].freeze()
        frozen_s = time.time()
        second = runs.wait_begun(name, 2)[1]
        assert second.worker != first.worker
        again_s = second.began_s - frozen_s
        log.info("began on the other %.2f s after the freeze", again_s)
        assert again_s < ACK_WAIT_S + 5
        workers[first.worker].thaw()
        runs.wait_ended(name, 2)
        after: list[str] = []

        def both_work(number=number, after=after) -> bool:
            more = [f"after {number} {len(after) + one}" for one in range(3)]
            for each in more:
                client.send_task(RECORD, args=(each, 0.2))
            after.extend(more)
            runs.wait_names(set(more))
            return {runs.of(each)[0].worker for each in after} == set(workers)

        until(both_work)
        until(lambda: is_empty(server.url(), STREAM))
        assert len(runs.of(name)) == 2
        assert {len(runs.of(each)) for each in after} == {1}


@pytest.mark.parametrize("multiplier", [pytest.param(1, marks=pytest.mark.faults)])
def test_what_a_frozen_worker_held_but_had_not_begun_runs_once(
    crew: Crew, runs: Runs, server: NatsServer, rounds: int, multiplier: int
) -> None:
    workers = _by_name(crew, worker_prefetch_multiplier=multiplier)
    client = crew.client()
    for number in range(rounds):
        first = f"first {number}"
        client.send_task(RECORD, args=(first, 3.0))
        frozen = workers[runs.wait_begun(first)[0].worker]
        waiting = [f"waiting {number} {one}" for one in range(6)]
        for name in waiting:
            client.send_task(RECORD, args=(name, 0.3))
        frozen.freeze()
        runs.wait_names(set(waiting))
        runs.wait_begun(first, 2)
        frozen.thaw()
        until(lambda: is_empty(server.url(), STREAM))
        client.send_task(RECORD, args=(f"last {number}",))
        runs.wait_ended(f"last {number}")
        until(lambda: is_empty(server.url(), STREAM))
        runs.wait_ended(first, 2)
        assert {len(runs.of(name)) for name in waiting} == {1}


def test_a_message_that_waited_through_a_standstill_is_left_until_it_comes_again(server: NatsServer) -> None:
    options = {"ack_wait_s": 1, "ping_interval_s": 1}
    with kombu.Connection(server.url("still"), transport_options=options) as connection:
        queue = kombu.Queue("still")(connection.default_channel)
        got: list[kombu.Message] = []
        with kombu.Consumer(connection.default_channel, [queue], on_message=got.append, prefetch_count=5):
            connection.Producer().publish("x", routing_key="still")
            until(lambda: len(connection.transport.ready))
            # The io thread stands still, as the whole process would.
            connection.transport.broker.link.post(time.sleep, 2.5)
            connection.transport.broker.run(asyncio.sleep(0))

            def drained() -> list[kombu.Message]:
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=1)
                return got

            until(drained)
            drained()
        assert [message.delivery_info["redelivered"] for message in got] == [True]


@pytest.mark.parametrize(
    ("names", "seconds"),
    [
        pytest.param(("one",), 3.0, id="one worker"),
        pytest.param(("one", "two"), 6.0, id="two workers, the task not done when it thaws", marks=pytest.mark.faults),
    ],
)
def test_a_frozen_and_thawed_server_loses_nothing_and_repeats_nothing(
    crew: Crew, runs: Runs, server: NatsServer, rounds: int, names: tuple[str, ...], seconds: float
) -> None:
    crew.hire(*names, concurrency=2)
    client = crew.client()
    sent: set[str] = set()
    for number in range(rounds):
        name = f"during {number}"
        client.send_task(RECORD, args=(name, seconds))
        runs.wait_begun(name)
        server.freeze()
        # Longer than three pings and than ack_wait.
        time.sleep(4.5)
        server.thaw()
        client.send_task(RECORD, args=(f"after {number}",))
        sent |= {name, f"after {number}"}
    runs.wait_names(sent)
    until(lambda: is_empty(server.url(), STREAM))
    assert runs.counts() == dict.fromkeys(sent, 1)


def _by_name(crew: Crew, **settings: object) -> dict[str, Worker]:
    names = ("one", "two")
    return {f"{name}@test": worker for name, worker in zip(names, crew.hire(*names, **settings), strict=True)}
