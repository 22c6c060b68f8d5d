"""One stack for all who watch it."""

from collections.abc import Iterator

import pytest

from devstack.postgres import PostgresServer
from support.watched_stack import WatchedStack, watched_stack


@pytest.fixture(scope="package")
def watched(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[WatchedStack]:
    with watched_stack(tmp_path_factory.mktemp("watched"), postgres_server) as stack:
        yield stack
