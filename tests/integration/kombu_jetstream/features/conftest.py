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


@pytest.fixture(scope="session")
def crew(shared_server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site with one worker of two children, for all tests that leave it as it was."""
    site = Site(tmp_path_factory.mktemp("crew"), shared_server.url("crew"), worker_send_task_events=False)
    site.worker("crew", concurrency=2)
    yield site
    site.close()
