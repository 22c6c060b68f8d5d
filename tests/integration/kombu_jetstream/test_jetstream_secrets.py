"""A worker with a token: neither its log nor what it tells by remote control repeats it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery

from support.kombu_jetstream.worker import Ledger, Worker
from support.nats_server import NatsServer

WORD = "w0rd-that-nobody-may-see"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats"), authorization=f'token: "{WORD}"') as running:
        yield running


@pytest.mark.parametrize("how", ["option", "several"])
def test_no_secret_is_in_the_log_or_in_answers_to_remote_control(
    server: NatsServer, tmp_path: Path, ledger: Ledger, how: str
) -> None:
    address = f"nats://{WORD}@127.0.0.1:{server.port}/{how}"
    url, options = {
        "option": (address.replace(f"{WORD}@", ""), {"token": WORD}),
        "several": (f"nats://{WORD}@127.0.0.1:1/{how};{address}", {}),
    }[how]
    environment = {"BROKER_URL": url, "TRANSPORT_OPTIONS": json.dumps(options), "LEDGER": str(ledger.path)}
    worker = Worker(tmp_path, how, environment, concurrency=1, arguments=("-l", "DEBUG"))
    try:
        worker.start()
        with Celery("client", broker=url, set_as_current=False) as app:
            app.conf.broker_transport_options = options
            app.send_task("support.kombu_jetstream.celery_app.note", args=("x",), queue="tasks")
            ledger.wait("ran")
            told = app.control.inspect(timeout=5, limit=1)
            questions: list[Callable[[], object]] = [told.stats, told.report, told.conf]
            answers = [question() for question in questions]
            assert all(answers)
            assert WORD not in repr(answers)
    finally:
        worker.kill_group()
    assert f"127.0.0.1:{server.port}" in worker.text() or how == "several"
    assert WORD not in worker.text()
