"""Workers that are told to stop while NATS is away: they stop quietly, and say that nothing went wrong."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devstack.ports import free_port
from support.backends.nats import new_nats_server
from support.enrichment import USER, Worker, until
from support.event_stream import declare_stream
from support.scripted_ollama import EMBEDDING_MODEL, MODEL

Start = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A worker of one of the services, on the NATS server at this address."""
    key = tmp_path / "worker.key"
    key.write_text("dbk_00000000_" + "a" * 43)
    with ExitStack() as stack:

        def start(name: str, nats_url: str) -> Worker:
            prefix = f"{name.partition('_')[0].upper()}_"
            settings = {
                "NATS_URL": nats_url,
                "GATEWAY_KEY_FILE": str(key),
                "EMBEDDING_MODEL": EMBEDDING_MODEL,
                "CHAT_MODEL": MODEL,
                "QDRANT_URL": "http://127.0.0.1:1",
                "CONCURRENCY": "1",
            }
            environment = {f"{prefix}{setting}": value for setting, value in settings.items()}
            worker = Worker(tmp_path, name, name, prefix, environment)
            stack.callback(worker.process.kill)
            worker.process.start()
            return worker

        yield start


def ends(worker: Worker, how: signal.Signals) -> None:
    """In order, when it is told to."""
    told_before = len(worker.log())
    assert worker.process.pid is not None
    os.kill(worker.process.pid, how)
    until(lambda: not worker.process.running, within_s=60, why=worker.log)
    told = worker.log()[told_before:]
    assert worker.process.exit_code == 0, told
    assert not [word for word in ("Traceback", "rror:", '"level": "error"', '"level": "critical"') if word in told], (
        told
    )
    assert "Warm shutdown" in told


def test_a_worker_that_lost_nats_stops_in_order(start: Start, servers_dir: Path) -> None:
    with new_nats_server(servers_dir / "lost-nats", users=(USER,)) as server:
        url = server.url_of(USER.name)
        asyncio.run(declare_stream(url))
        worker = start("insights_worker", url).ready()
        server.stop()
        until(lambda: "disconnected" in worker.log(), why=worker.log)
        ends(worker, signal.SIGINT)


@pytest.mark.soak
def test_a_worker_that_never_found_nats_stops_in_order(start: Start) -> None:
    worker = start("enrichment_worker", f"nats://tests:x@127.0.0.1:{free_port()}")
    until(lambda: "Cannot connect" in worker.log(), why=worker.log)
    ends(worker, signal.SIGTERM)
