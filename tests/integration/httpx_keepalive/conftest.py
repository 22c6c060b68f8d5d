import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from httpx_keepalive import KeepAliveTransport
from support.certificates import Authority
from support.counting_http import CountingServer

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """`asyncio.run`, on either kind of loop."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None

    def once(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(work)

    return once


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


@pytest.fixture
def transport() -> Iterator[KeepAliveTransport]:
    made = KeepAliveTransport()
    yield made
    made.close()


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """How many files this process has open."""
    return lambda: len(list(Path("/proc/self/fd").iterdir()))
