import uuid

import pytest
from qdrant_client import QdrantClient, models

from devstack.qdrant.server import QdrantServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with QdrantServer(tmp_path_factory.mktemp("qdrant")) as server:
        yield server


@pytest.fixture
def client(server):
    client = QdrantClient(url=server.url, check_compatibility=True)
    yield client
    client.close()


@pytest.fixture(scope="module")
def shared_collection(server):
    client = QdrantClient(url=server.url, check_compatibility=False)
    make_collection(client, "shared")
    client.close()
    return "shared"


@pytest.fixture
def collection(client, shared_collection):
    """A collection without points, with vectors `dense` (4, cosine) and `bm25`, and indexes on what tests filter by."""
    client.delete(shared_collection, models.FilterSelector(filter=models.Filter()))
    return shared_collection


@pytest.fixture
def own_collection(client):
    """For tests that change more than points."""
    name = f"own-{uuid.uuid4().hex[:8]}"
    make_collection(client, name)
    return name


def make_collection(client, name):
    client.create_collection(
        name,
        vectors_config={"dense": models.VectorParams(size=4, distance=models.Distance.COSINE)},
        sparse_vectors_config={"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    for field, schema in {"journal": "keyword", "tags": "keyword", "revision": "integer", "at": "datetime"}.items():
        client.create_payload_index(name, field, schema)
