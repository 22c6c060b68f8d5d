from collections.abc import Iterator
from pathlib import Path

import pytest

from support.nats_server import NatsServer
from support.worker_kit.limited_site import LOOPS, LimitedSite


@pytest.fixture(scope="session")
def limited_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LimitedSite]]:
    """By loop, each with a worker of one child; they start side by side."""
    directory: Path = tmp_path_factory.mktemp("limited")
    with NatsServer(directory / "nats") as server:
        sites = {loop: LimitedSite(directory, loop, server.url(loop)) for loop in LOOPS}
        try:
            for site in sites.values():
                site.worker.launch()
            for site in sites.values():
                site.worker.ready()
            yield sites
        finally:
            for site in sites.values():
                site.close()


@pytest.fixture(params=LOOPS)
def site(request: pytest.FixtureRequest, limited_sites: dict[str, LimitedSite]) -> LimitedSite:
    return limited_sites[request.param]
