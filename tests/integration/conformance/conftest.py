"""Every expectation runs on each broker. Where a broker differs, `differences.py` says why, and the test proves it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import kombu
import pytest
from celery import Celery
from kombu import pools

import kombu_jetstream
from support.conformance import celery_app
from support.conformance.brokers import BROKERS, Broker
from support.conformance.differences import DIFFERENCES
from support.kombu_jetstream.worker import Ledger, Worker

APP = "support.conformance.celery_app"

Connect = Callable[..., kombu.Connection]


@pytest.fixture(scope="session", autouse=True)
def registered() -> None:
    kombu_jetstream.register()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "broker" in metafunc.fixturenames:
        parameters = [
            pytest.param(broker, id=name, marks=() if name == "jetstream" else pytest.mark.brokers)
            for name, broker in BROKERS.items()
        ]
        metafunc.parametrize("broker", parameters, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = getattr(item, "callspec", None)
        broker = parameters.params.get("broker") if parameters else None
        if isinstance(broker, Broker):
            reason = DIFFERENCES[broker.name].get(getattr(item, "originalname", item.name))
            if reason:
                # Strict: a difference that is none any more fails the suite.
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.param
    missing = found.missing()
    if missing:
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def broker_url(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with broker.serve(tmp_path_factory.mktemp(broker.name)) as url:
        yield url


@pytest.fixture
def connect(broker: Broker, broker_url: str) -> Iterator[Connect]:
    made: list[kombu.Connection] = []

    def make(url: str = broker_url) -> kombu.Connection:
        made.append(kombu.Connection(url, transport_options=dict(broker.options)))
        return made[-1]

    yield make
    for connection in made:
        connection.release()


@pytest.fixture
def connection(connect: Connect) -> kombu.Connection:
    return connect()


@pytest.fixture(scope="session")
def world(broker: Broker, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a worker, and of the app here, which is one and the same."""
    directory = tmp_path_factory.mktemp(f"{broker.name}-tasks")
    results = directory / "results"
    results.mkdir()
    return {
        "BROKER_URL": broker_url,
        "TRANSPORT_OPTIONS": json.dumps(dict(broker.options)),
        # The one result backend that needs no server. Its chords are found complete by a task that asks and asks again.
        "RESULT_BACKEND": f"file://{results}",
        "LEDGER": str(directory / "ledger.jsonl"),
    }


@pytest.fixture(scope="session")
def ledger(world: dict[str, str]) -> Ledger:
    return Ledger(Path(world["LEDGER"]))


@pytest.fixture(scope="session")
def app(broker: Broker, world: dict[str, str]) -> Iterator[Celery]:
    """The app whose tasks the tests send, on this broker and on no other's connections."""
    app = celery_app.app
    app.conf.update(
        broker_url=world["BROKER_URL"],
        broker_transport_options=dict(broker.options),
        result_backend=world["RESULT_BACKEND"],
    )
    yield app
    pools.reset()
    app.close()
    app.amqp._producer_pool = None
    app._backend_cache = None
    app._local.__dict__.pop("backend", None)


@pytest.fixture(scope="session")
def shared_worker(world: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(tmp_path_factory.mktemp("worker"), "conformance", world, app=APP)
    with worker:
        yield worker


@pytest.fixture
def worker(app: Celery, shared_worker: Worker) -> Worker:
    """One worker of two processes for all tests of a broker, and the app that sends to it."""
    return shared_worker


@pytest.fixture
def start(world: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Workers of a test's own; give each a QUEUE of the test's own."""
    made: list[Worker] = []

    def make(node: str, **more: str) -> Worker:
        made.append(Worker(tmp_path, node, {**world, **more}, concurrency=1, app=APP))
        return made[-1].start()

    yield make
    for each in made:
        each.kill_group()


@pytest.fixture
def name() -> str:
    """Of a queue or an exchange that no other test has: the server is shared."""
    return f"c{uuid4().hex[:12]}"
