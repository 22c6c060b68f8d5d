from collections.abc import Iterator

import pytest

from support.model_server import ModelServer


@pytest.fixture(scope="module")
def small_queue_server() -> Iterator[ModelServer]:
    with ModelServer("--max-queue", "2") as server:
        yield server
