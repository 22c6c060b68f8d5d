import uuid

import pytest

from entry_index import EmbeddingModel, EntryIndex, IndexConfig
from support.backends.qdrant import new_qdrant_server

DIMENSION = 8


@pytest.fixture(scope="session")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("qdrant")) as server:
        yield server.url


@pytest.fixture
def config(qdrant_url):
    """An index of its own for each test, on the one server."""
    return IndexConfig(url=qdrant_url, timeout_s=10, alias=f"journal-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def model():
    return EmbeddingModel("all-minilm:latest", "1b226e2802dbb772", DIMENSION)


@pytest.fixture
async def index(config, model):
    async with EntryIndex(config) as index:
        await index.ensure(model)
        yield index
