import httpx
import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

ANNA = models.Filter(must=[models.FieldCondition(key="journal", match=models.MatchValue(value="anna"))])


@pytest.fixture
def points(client, collection):
    """A call on the points of a collection with one point, as raw JSON: the client cannot be made to send nonsense."""
    point = models.PointStruct(id=1, vector={"dense": [1, 0, 0, 0]}, payload={"journal": "anna", "revision": 2})
    client.upsert(collection, [point])
    host = client.http.client.host

    def call(path, body, method="POST"):
        return httpx.request(method, f"{host}/collections/{collection}/points{path}?wait=true", json=body)

    return call


@pytest.mark.parametrize(
    "unknown",
    [
        {"must_nearly": []},
        {"must": [{"key": "journal", "matches": {"value": "anna"}}]},
        {"must": [{"key": "journal"}]},
        {"must": [{"key": "journal", "match": {"values": "anna"}}]},
        {"must": [{"key": "journal", "match": {"value": "anna", "any": ["anna"]}}]},
        {"must": [{"key": "journal", "match": {"value": {"not": "a scalar"}}}]},
        {"must": [{"key": "flag", "match": {"value": True}}]},
        {"must": [{"key": "revision", "range": {"above": 1}}]},
        {"must": [{"key": "at", "range": {"gt": "yesterday"}}]},
        {"must": [{"key": "at", "geo_radius": {"center": {"lon": 1, "lat": 1}, "radius": 1}}]},
        {"must": [{"has_id": ["not an id"]}]},
        {"must": [{"has_id": [1], "key": "journal"}]},
        {"must": [{"is_empty": {"field": "journal"}}]},
        {"must": ["journal"]},
        {"must": [{"nested": {"key": "journal"}}]},
        {"min_should": {"conditions": []}},
        ["must"],
    ],
)
def test_a_filter_that_is_not_understood_is_refused_and_never_skipped(points, client, collection, unknown):
    for path in ("/scroll", "/count", "/query", "/delete"):
        answer = points(path, {"filter": unknown})
        assert answer.status_code == 400, answer.text
    assert client.count(collection).count == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/query", {"query": {"recommend": {"positive": [1]}}}),
        ("/query", {"query": 1, "using": "dense"}),
        ("/query", {"query": {"fusion": "rrf"}}),
        ("/query", {"query": {"fusion": "mean"}, "prefetch": {"query": [1, 0, 0, 0], "using": "dense"}}),
        ("/query", {"prefetch": {"query": [1, 0, 0, 0], "using": "dense"}}),
        ("/query", {"prefetch": {"query": [1, 0, 0, 0], "using": "dense", "filters": {}}, "query": {"fusion": "rrf"}}),
        ("/query", {"query": [1, 0, 0], "using": "dense"}),
        ("/query", {"query": [1, 0, 0, 0], "using": "sparse"}),
        ("/query", {"query": [1, 0, 0, 0], "using": "dense", "limit": -1}),
        ("/query", {"query": [1, 0, 0, 0], "using": "dense", "params": {"quantization": {}}}),
        ("/query", {"query": [1, None, 0, 0], "using": "dense"}),
        ("/query/groups", {"query": [1, 0, 0, 0], "using": "dense"}),
        ("/query/groups", {"group_by": "journal"}),
        ("/query/groups", {"group_by": "moods[].name", "query": [1, 0, 0, 0], "using": "dense"}),
        ("/query/batch", {"searches": [{"lookup_from": "c"}]}),
        ("/scroll", {"order_by": {"key": "revision", "direction": "up"}}),
        ("/scroll", {"offset": -1}),
        ("/count", {"exact": "yes"}),
        ("/delete", {}),
        ("/delete", {"points": [1], "filter": {}}),
        ("/payload", {"payload": {}, "points": [1], "filter": {}}),
        ("/payload", {"payload": "text", "points": [1]}),
        ("", {"ids": 1}),
        ("/scroll", ["not an object"]),
    ],
)
def test_a_request_that_is_not_understood_is_refused(points, path, body):
    answer = points(path, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"]["error"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"points": [{"id": 1}]},
        {"points": [{"id": 1, "vector": {"dense": [1, 0, 0]}}]},
        {"points": [{"id": 1, "vector": {"other": [1, 0, 0, 0]}}]},
        {"points": [{"id": 1, "vector": {"bm25": {"indices": [1, 1], "values": [1, 2]}}}]},
        {"points": [{"id": 1, "vector": {"dense": [[1, 0, 0, 0]]}}]},
        {"points": [{"id": 1, "vector": {"dense": {"text": "words", "model": "m"}}}]},
        {"points": [{"id": 1, "vector": {"dense": [1, 0, 0, 0]}, "pay": {}}]},
        {"points": [{"id": True, "vector": {"dense": [1, 0, 0, 0]}}]},
        {"points": [], "update_mode": "overwrite"},
        {"batch": {"ids": [1, 2], "vectors": {"dense": [[1, 0, 0, 0]]}}},
        {"batch": {"ids": [1, 2], "vectors": [[1, 0, 0, 0]]}},
    ],
)
def test_points_that_are_not_understood_are_refused(points, client, collection, body):
    before = client.retrieve(collection, [1], with_vectors=True)
    answer = points("", body, method="PUT")
    assert answer.status_code == 400, answer.text
    assert client.retrieve(collection, [1], with_vectors=True) == before


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/collections/c/snapshots", "{}", 404),
        ("POST", "/collections/c/facet", "{}", 404),
        ("GET", "/telemetry", "", 404),
        ("GET", "/collections?anonymize=true", "", 400),
        ("GET", "/collections/absent", "", 404),
        ("POST", "/collections/absent/points/count", "{}", 404),
        ("PUT", "/collections/broken", "{", 400),
        ("PUT", "/collections/broken", "{}", 400),
        ("PUT", "/collections/broken", '{"vectors": {"size": 0, "distance": "Cosine"}}', 400),
        ("PUT", "/collections/broken", '{"vectors": {"size": 4, "distance": "Far"}}', 400),
        ("PUT", "/collections/broken", '{"vectors": {"size": 4, "distance": "Dot"}, "quantization_config": {}}', 400),
        ("PUT", "/collections/broken", '{"vectors": {"size": 4, "distance": "Dot"}, "shard_number": 2}', 400),
        ("PUT", "/collections/broken", '{"sparse_vectors": {"a": {"modifier": "some"}}}', 400),
        ("PUT", "/collections/..%2Fbroken", '{"vectors": {"size": 4, "distance": "Dot"}}', 404),
        ("PUT", "/collections/.broken", '{"vectors": {"size": 4, "distance": "Dot"}}', 400),
        ("POST", "/collections/aliases", '{"actions": [{"swap": {}}]}', 400),
        ("POST", "/collections/aliases", '{"actions": [{}]}', 400),
        (
            "POST",
            "/collections/aliases",
            '{"actions": [{"create_alias": {"alias_name": "a", "collection_name": "absent"}}]}',
            404,
        ),
        (
            "POST",
            "/collections/aliases",
            '{"actions": [{"rename_alias": {"old_alias_name": "absent", "new_alias_name": "b"}}]}',
            404,
        ),
    ],
)
def test_calls_that_cannot_be_answered_say_why(server, method, path, content, status):
    answer = httpx.request(method, f"{server.url}{path}", content=content)
    assert (answer.status_code, bool(answer.json()["status"]["error"])) == (status, True), answer.text


def test_a_bad_create_does_not_spoil_the_name(server, client):
    url = f"{server.url}/collections/later"
    assert httpx.put(url, json={"vectors": {"size": 4, "distance": "Far"}}).status_code == 400
    assert client.create_collection("later", models.VectorParams(size=4, distance=models.Distance.DOT))


def test_a_body_over_the_limit_is_refused(server):
    body = b'{"points": ["' + b"x" * (33 * 1024 * 1024) + b'"]}'
    answer = httpx.put(f"{server.url}/collections/c/points", content=body)
    assert (answer.status_code, "larger than allowed" in answer.text) == (400, True)


def test_strict_mode_refuses_filters_without_an_index(client):
    strict = models.StrictModeConfig(
        enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False, max_query_limit=5
    )
    client.create_collection(
        "strict", models.VectorParams(size=4, distance=models.Distance.DOT), strict_mode_config=strict
    )
    prefetch = models.Prefetch(query=[1.0, 0.0, 0.0, 0.0], filter=models.Filter(should=[ANNA]))
    for refused in (
        lambda: client.scroll("strict", ANNA, limit=2),
        lambda: client.count("strict", ANNA),
        lambda: client.delete("strict", models.FilterSelector(filter=ANNA)),
        lambda: client.query_points("strict", query=models.RrfQuery(rrf=models.Rrf()), prefetch=prefetch, limit=2),
        lambda: client.upsert("strict", [], update_filter=ANNA),
    ):
        with pytest.raises(UnexpectedResponse, match="Index required but not found"):
            refused()
    client.create_payload_index("strict", "journal", "keyword")
    assert client.count("strict", ANNA).count == 0
    with pytest.raises(UnexpectedResponse, match="Limit exceeded"):
        client.scroll("strict", ANNA, limit=6)
    client.delete_payload_index("strict", "journal")
    with pytest.raises(UnexpectedResponse, match="Index required but not found"):
        client.count("strict", ANNA)


def test_aliases_are_created_renamed_deleted_and_go_with_their_collection(client, own_collection):
    create = models.CreateAliasOperation(
        create_alias=models.CreateAlias(collection_name=own_collection, alias_name="first")
    )
    rename = models.RenameAliasOperation(
        rename_alias=models.RenameAlias(old_alias_name="first", new_alias_name="second")
    )
    client.update_collection_aliases([create, rename])
    (alias,) = client.get_collection_aliases(own_collection).aliases
    assert (alias.alias_name, client.collection_exists("second"), client.collection_exists("first")) == (
        "second",
        True,
        False,
    )
    client.delete_collection(own_collection)
    assert client.get_aliases().aliases == []
    assert not client.collection_exists("second")
    assert not client.delete_collection(own_collection)


def test_metadata_is_merged_by_an_update(client, own_collection):
    client.update_collection(own_collection, metadata={"a": 1, "b": 2})
    client.update_collection(own_collection, metadata={"b": 3})
    assert client.get_collection(own_collection).config.metadata == {"a": 1, "b": 3}


def test_a_write_that_does_not_wait_is_there_all_the_same(client, collection):
    point = models.PointStruct(id=7, vector={"dense": [1, 0, 0, 0]})
    assert client.upsert(collection, [point], wait=False).status == models.UpdateStatus.ACKNOWLEDGED
    assert client.count(collection).count == 1


def test_it_says_the_version_that_the_client_expects(server):
    assert httpx.get(server.url).json()["version"] == "1.20.0"
