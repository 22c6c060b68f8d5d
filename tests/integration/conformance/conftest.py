"""Every expectation runs on each broker. Where a broker differs, `differences.py` says why, and the test proves it."""

import os
from collections.abc import Callable, Iterator
from uuid import uuid4

import kombu
import pytest

import kombu_jetstream
from support.conformance.brokers import BROKERS, Broker
from support.conformance.differences import DIFFERENCES

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
    if missing and os.environ.get("ALL_BROKERS"):
        pytest.fail(missing)
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


@pytest.fixture
def name() -> str:
    """Of a queue or an exchange that no other test has: the server is shared."""
    return f"c{uuid4().hex[:12]}"
