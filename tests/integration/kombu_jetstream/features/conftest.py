from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.kombu_jetstream.site import Site
from support.nats_server import NatsServer


@pytest.fixture
def make_site(shared_server: NatsServer, prefix: str, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Sites of this test's own; `suffix` tells two of them apart."""
    made: list[Site] = []

    def make(suffix: str = "", **settings: object) -> Site:
        directory = tmp_path / f"site{suffix}"
        directory.mkdir()
        made.append(Site(directory, shared_server.url(prefix + suffix), **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture(scope="module")
def crew(
    shared_server: NatsServer, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """One site for all tests of a file, with one worker of two children on it."""
    prefix = f"m{abs(hash(request.node.nodeid)):x}"
    site = Site(tmp_path_factory.mktemp("crew"), shared_server.url(prefix), worker_send_task_events=False)
    site.worker("crew", concurrency=2)
    yield site
    site.close()
