"""Servers that integration tests share for a whole run."""

from collections.abc import Iterator

import pytest

from support.model_server import ModelServer


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    with ModelServer("--threads", "2") as server:
        yield server
