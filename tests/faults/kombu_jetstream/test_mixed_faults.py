"""One thing after another breaks, at random, while tasks are published and run."""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.kombu_jetstream.administration import is_empty
from support.kombu_jetstream.crew import RECORD, Crew
from support.kombu_jetstream.runs import Runs
from support.kombu_jetstream.worker import Worker, until
from support.nats_server import NatsServer
from support.tcp_proxy import TcpProxy

log = logging.getLogger(__name__)

FAULTS_A_ROUND = 4
#: Longer than ack_wait.
STANDSTILL_S = 2.5
#: What may be under way on one worker.
CONCURRENCY = 2


@pytest.mark.faults
def test_whatever_breaks_every_confirmed_task_runs(
    crew: Crew, runs: Runs, server: NatsServer, proxy: TcpProxy, proxied_url: str, rounds: int
) -> None:
    """`FAULT_SEED` repeats a sequence, though not its timing."""
    seed = int(os.environ.get("FAULT_SEED", time.time()))
    log.info("FAULT_SEED=%d", seed)
    chance = random.Random(seed)
    workers = [*crew.hire("direct", concurrency=CONCURRENCY), *crew.hire("behind", url=proxied_url)]
    faults: list[Callable[[], object]] = [
        server.restart,
        lambda: _stand_still(server),
        lambda: _stand_still(chance.choice(workers)),
        lambda: _kill_and_start(chance.choice(workers)),
        lambda: _kill_a_child(chance.choice(workers)),
        proxy.cut,
        proxy.blackhole,
    ]
    names = ("restart", "server frozen", "worker frozen", "worker killed", "child killed", "cut", "blackhole")
    confirmed, stop = list[str](), threading.Event()
    publisher = threading.Thread(target=_publish, args=(crew, confirmed, stop))
    publisher.start()
    try:
        for _ in range(rounds * FAULTS_A_ROUND):
            which = chance.randrange(len(faults))
            log.info("%s, %d confirmed", names[which], len(confirmed))
            faults[which]()
            before = len(confirmed)
            until(lambda before=before: len(confirmed) > before + 5, 60)
    finally:
        stop.set()
        publisher.join(60)
    runs.wait_names(set(confirmed), deadline_s=120)
    until(lambda: is_empty(server.url(), "FAULTS_TASKS"), 120)
    counts = runs.counts()
    # A publish that was cut off by the end of the test may have been stored.
    assert set(confirmed) <= set(counts)
    repeats = sum(counts[name] - 1 for name in confirmed)
    log.info("%d faults, %d tasks confirmed, %d runs too many", rounds * FAULTS_A_ROUND, len(confirmed), repeats)
    assert repeats <= rounds * FAULTS_A_ROUND * CONCURRENCY * 2


def _publish(crew: Crew, confirmed: list[str], stop: threading.Event) -> None:
    client, number = crew.client(), 0
    while not stop.is_set():
        client.send_task(RECORD, args=(str(number), 0.2))
        confirmed.append(str(number))
        number += 1
        # Two workers with three children do about ten a second.
        stop.wait(0.12)


def _stand_still(what: NatsServer | Worker) -> None:
    what.freeze()
    time.sleep(STANDSTILL_S)
    what.thaw()


def _kill_and_start(worker: Worker) -> None:
    worker.kill_group()
    worker.start()


def _kill_a_child(worker: Worker) -> None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
