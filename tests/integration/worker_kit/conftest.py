from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.nats_server import NatsServer
from support.worker_kit.limited_site import LOOPS, LimitedSite


@pytest.fixture(scope="session")
def limited_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LimitedSite]]:
    """By loop, each with a worker of one child; they start side by side."""
    directory: Path = tmp_path_factory.mktemp("limited")
    sites: dict[str, LimitedSite] = {}
    with NatsServer(directory / "nats") as server, ExitStack() as stack:
        for loop in LOOPS:
            sites[loop] = LimitedSite(directory, loop, server.url(loop))
            # Each is closed whatever becomes of the other.
            stack.callback(sites[loop].close)
            sites[loop].worker.launch()
        for site in sites.values():
            site.worker.ready()
        yield sites


@pytest.fixture(params=LOOPS)
def site(request: pytest.FixtureRequest, limited_sites: dict[str, LimitedSite]) -> LimitedSite:
    return limited_sites[request.param]
