"""SIGKILL in the middle of a task: it runs again, once, and soon."""

import logging
import os
import signal
import time

from support.kombu_jetstream.administration import is_empty
from support.kombu_jetstream.crew import RECORD, Crew
from support.kombu_jetstream.runs import Runs
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

log = logging.getLogger(__name__)

ACK_WAIT_S = 1.5
#: What the issue promises above ack_wait.
GRACE_S = 5.0


def test_a_task_whose_pool_child_is_killed_runs_again_once_and_within_ack_wait_and_five_seconds(
    crew: Crew, runs: Runs, server: NatsServer, rounds: int
) -> None:
    """Celery looks after its children every 5 s, so that is how long this may take; the transport adds nothing."""
    crew.hire("one")
    client = crew.client()
    for number in range(rounds):
        name = f"child {number}"
        client.send_task(RECORD, args=(name, 0.5))
        first = runs.wait_begun(name)[0]
        os.kill(first.pid, signal.SIGKILL)
        killed_s = time.time()
        ran = runs.wait_ended(name)
        assert len(ran) == 2
        again_s = ran[1].began_s - killed_s
        log.info("began again %.2f s after the kill", again_s)
        assert again_s < ACK_WAIT_S + GRACE_S
        assert ran[0].ended_s is None
    until(lambda: is_empty(server.url(), "FAULTS_TASKS"))
    assert {runs.counts()[f"child {number}"] for number in range(rounds)} == {2}


def test_a_task_whose_whole_worker_is_killed_runs_on_another_once_and_within_ack_wait_and_five_seconds(
    crew: Crew, runs: Runs, server: NatsServer, rounds: int
) -> None:
    workers = {f"{name}@test": worker for name, worker in zip(("one", "two"), crew.hire("one", "two"), strict=True)}
    client = crew.client()
    for number in range(rounds):
        name = f"group {number}"
        client.send_task(RECORD, args=(name, 0.5))
        first = runs.wait_begun(name)[0]
        workers[first.worker].kill_group()
        killed_s = time.time()
        ran = runs.wait_ended(name)
        assert len(ran) == 2
        assert ran[1].worker != first.worker
        assert ran[1].redelivered
        again_s = ran[1].began_s - killed_s
        log.info("began again %.2f s after the kill", again_s)
        assert again_s < ACK_WAIT_S + GRACE_S
        if number + 1 < rounds:
            workers[first.worker].start()
    until(lambda: is_empty(server.url(), "FAULTS_TASKS"))
    assert {runs.counts()[f"group {number}"] for number in range(rounds)} == {2}
