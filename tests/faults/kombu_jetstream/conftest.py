import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import kombu_jetstream
from support.backends.postgres import PostgresServer
from support.kombu_jetstream.crew import Crew
from support.kombu_jetstream.runs import Runs
from support.nats_server import NatsServer
from support.tcp_proxy import TcpProxy

ACK_WAIT_S = 1.5


@pytest.fixture(scope="session", autouse=True)
def registered() -> None:
    kombu_jetstream.register()


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a test that breaks something again and again does so: `FAULT_ROUNDS=100 make test-faults` is a soak."""
    return int(os.environ.get("FAULT_ROUNDS", "1"))


@pytest.fixture(scope="session")
def runs_url(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database("faults")


@pytest.fixture
def runs(runs_url: str) -> Runs:
    return Runs(runs_url)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as started:
        yield started


@pytest.fixture
def proxy(server: NatsServer) -> Iterator[TcpProxy]:
    with TcpProxy(server.port) as started:
        yield started


@pytest.fixture
def proxied_url(server: NatsServer, proxy: TcpProxy) -> str:
    return server.url("faults").replace(f":{server.port}/", f":{proxy.port}/")


@pytest.fixture
def crew(tmp_path: Path, runs: Runs, server: NatsServer) -> Iterator[Crew]:
    options = {"ack_wait_s": ACK_WAIT_S, "ping_interval_s": 1}
    with Crew(tmp_path, runs, server.url("faults"), options) as gathered:
        yield gathered
