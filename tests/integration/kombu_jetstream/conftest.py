import json
from collections.abc import Callable, Iterator
from pathlib import Path

import kombu
import pytest
from celery import Celery

import kombu_jetstream
from support.kombu_jetstream.queues import Connect
from support.kombu_jetstream.worker import Ledger, Worker
from support.nats_server import NatsServer


@pytest.fixture(scope="session", autouse=True)
def registered() -> None:
    kombu_jetstream.register()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One for all tests that do not break it; each takes a prefix of its own."""
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.nodeid)):x}"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def environment(shared_server: NatsServer, prefix: str, ledger: Ledger) -> dict[str, str]:
    """For a worker on the shared server with an ack_wait that tests can wait for."""
    return {
        "BROKER_URL": shared_server.url(prefix),
        "LEDGER": str(ledger.path),
        "TRANSPORT_OPTIONS": json.dumps({"ack_wait_s": 2}),
    }


@pytest.fixture
def worker(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Worker]]:
    """Make workers; whatever still runs at the end of the test is killed."""
    made: list[Worker] = []

    def make(name: str = "first", *, concurrency: int = 2, **more: str) -> Worker:
        made.append(Worker(tmp_path, name, {**environment, **more}, concurrency=concurrency))
        return made[-1].start()

    yield make
    for each in made:
        each.kill_group()


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[Celery]:
    """What an application that sends tasks has."""
    app = Celery("client", broker=environment["BROKER_URL"], set_as_current=False)
    app.conf.broker_transport_options = json.loads(environment["TRANSPORT_OPTIONS"])
    app.conf.task_default_queue = "tasks"
    app.conf.task_ignore_result = True
    yield app
    app.close()


@pytest.fixture
def connection(shared_server: NatsServer, prefix: str) -> Iterator[kombu.Connection]:
    with kombu.Connection(shared_server.url(prefix), transport_options={"ack_wait_s": 60}) as made:
        yield made


@pytest.fixture
def connect(shared_server: NatsServer, prefix: str) -> Iterator[Connect]:
    made: list[kombu.Connection] = []

    def make(**options: object) -> kombu.Connection:
        given = {"ack_wait_s": 2, "publish_timeout_s": 5, **options}
        made.append(kombu.Connection(shared_server.url(prefix), transport_options=given))
        return made[-1]

    yield make
    for connection in made:
        connection.release()
