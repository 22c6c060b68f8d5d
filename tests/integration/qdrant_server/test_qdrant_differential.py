"""The same made-up points and requests against this server and against qdrant-client's own local mode."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

JOURNALS = ["anna", "bruno", "clara"]
TAGS = ["work", "run", "rain"]
MOMENTS = ["2026-03-01T08:00:00Z", "2026-03-01T09:00:00+09:00", "2026-03-05T00:00:00Z", "2026-04-01T12:30:00-05:00"]
COMPARED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

payloads = st.fixed_dictionaries(
    {"journal": st.sampled_from(JOURNALS)},
    optional={
        "tags": st.lists(st.sampled_from(TAGS), max_size=3),
        "revision": st.integers(0, 4),
        "at": st.sampled_from(MOMENTS),
        "flag": st.none() | st.booleans(),
    },
)
leaves = st.one_of(
    st.sampled_from(JOURNALS).map(lambda it: condition("journal", match=models.MatchValue(value=it))),
    st.lists(st.sampled_from(JOURNALS), min_size=1).map(lambda it: condition("journal", match=models.MatchAny(any=it))),
    st.sampled_from(TAGS).map(lambda it: condition("tags", match=models.MatchValue(value=it))),
    st.lists(st.sampled_from(TAGS), min_size=1).map(
        lambda it: condition("tags", match=models.MatchExcept(**{"except": it}))
    ),
    st.integers(0, 4).map(lambda it: condition("revision", range=models.Range(gte=it))),
    st.integers(0, 4).map(lambda it: condition("revision", range=models.Range(lt=it))),
    st.sampled_from(MOMENTS).map(lambda it: condition("at", range=models.DatetimeRange(gt=it))),
    st.sampled_from(MOMENTS).map(lambda it: condition("at", range=models.DatetimeRange(lte=it))),
    st.integers(0, 3).map(lambda it: condition("tags", values_count=models.ValuesCount(gte=it))),
    st.just(models.IsEmptyCondition(is_empty=models.PayloadField(key="tags"))),
    st.just(models.IsNullCondition(is_null=models.PayloadField(key="flag"))),
    st.lists(st.integers(0, 20), min_size=1).map(lambda it: models.HasIdCondition(has_id=it)),
)


def condition(key, **wanted):
    return models.FieldCondition(key=key, **wanted)


def combined(inner):
    some = st.lists(inner, min_size=1, max_size=3)
    return st.builds(models.Filter, must=some | st.none(), should=some | st.none(), must_not=some | st.none())


filters = combined(st.recursive(leaves, combined, max_leaves=4))


@st.composite
def stocks(draw):
    """Points whose dense and sparse scores are all different, so that every ranking is certain."""
    size = draw(st.integers(1, 20))
    order = draw(st.permutations(range(size)))
    return [
        models.PointStruct(
            id=number,
            vector={
                "dense": [math.cos(number / 20), math.sin(number / 20), 0.0, 0.0],
                "bm25": models.SparseVector(indices=[3], values=[1.0 + order[number]]),
            },
            payload=draw(payloads),
        )
        for number in range(size)
    ]


@pytest.fixture
def pair(client, collection):
    """Puts the same points, and no others, into a collection of the server and into its twin in memory."""
    local = QdrantClient(":memory:")
    local.create_collection(
        collection,
        vectors_config={"dense": models.VectorParams(size=4, distance=models.Distance.COSINE)},
        sparse_vectors_config={"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )

    def fill(points):
        for each in (client, local):
            each.delete(collection, models.FilterSelector(filter=models.Filter()))
            each.upsert(collection, points)
        return collection, client, local

    yield fill
    local.close()


def payloads_of(client, name, chosen=None):
    records, _ = client.scroll(name, chosen, limit=100)
    return {record.id: record.payload for record in records}


def scores(points):
    return {point.id: pytest.approx(point.score, abs=1e-4) for point in points}


@COMPARED
@given(points=stocks(), chosen=filters)
def test_filters_choose_the_same_points(pair, points, chosen):
    name, client, local = pair(points)
    assert payloads_of(client, name, chosen) == payloads_of(local, name, chosen)
    assert client.count(name, chosen).count == local.count(name, chosen).count


@COMPARED
@given(points=stocks(), chosen=filters | st.none(), limit=st.integers(1, 25), offset=st.integers(0, 3))
def test_nearest_finds_the_same_points_with_the_same_scores(pair, points, chosen, limit, offset):
    name, client, local = pair(points)
    asked = {"query": [1.0, 0.2, 0.0, 0.0], "using": "dense", "query_filter": chosen, "limit": limit, "offset": offset}
    ours, theirs = client.query_points(name, **asked).points, local.query_points(name, **asked).points
    assert [point.id for point in ours] == [point.id for point in theirs]
    assert scores(ours) == {point.id: point.score for point in theirs}


@COMPARED
# No score of these vectors is within a rounding of any of them: one of the two reckons with 32 bits, the other with 64.
@given(points=stocks(), chosen=filters | st.none(), threshold=st.integers(500, 999).map(lambda n: n / 1000 + 0.000371))
def test_a_score_threshold_cuts_at_the_same_point(pair, points, chosen, threshold):
    name, client, local = pair(points)
    asked = {"query": [1.0, 0.0, 0.0, 0.0], "using": "dense", "query_filter": chosen, "score_threshold": threshold}
    ours, theirs = client.query_points(name, **asked).points, local.query_points(name, **asked).points
    assert [point.id for point in ours] == [point.id for point in theirs]


@COMPARED
@given(points=stocks(), chosen=filters | st.none(), k=st.integers(1, 60), first=filters | st.none())
def test_fusion_of_dense_and_sparse_gives_the_same_scores(pair, points, chosen, k, first):
    name, client, local = pair(points)
    asked = {
        "prefetch": [
            models.Prefetch(query=[1.0, 0.0, 0.0, 0.0], using="dense", filter=first, limit=12),
            models.Prefetch(query=models.SparseVector(indices=[3], values=[1.0]), using="bm25", limit=12),
        ],
        "query": models.RrfQuery(rrf=models.Rrf(k=k)),
        "query_filter": chosen,
        "limit": 40,
    }
    ours, theirs = client.query_points(name, **asked).points, local.query_points(name, **asked).points
    assert scores(ours) == {point.id: point.score for point in theirs}


@COMPARED
@given(points=stocks(), chosen=filters | st.none(), limit=st.integers(1, 4), size=st.integers(1, 4))
def test_groups_hold_the_same_hits(pair, points, chosen, limit, size):
    name, client, local = pair(points)
    asked = {
        "group_by": "journal",
        "query": [1.0, 0.2, 0.0, 0.0],
        "using": "dense",
        "query_filter": chosen,
        "limit": limit,
        "group_size": size,
    }
    ours, theirs = client.query_points_groups(name, **asked).groups, local.query_points_groups(name, **asked).groups
    assert [(group.id, [hit.id for hit in group.hits]) for group in ours] == [
        (group.id, [hit.id for hit in group.hits]) for group in theirs
    ]


@COMPARED
@given(points=stocks(), replacing=stocks(), chosen=filters, mode=st.sampled_from(models.UpdateMode))
def test_a_conditional_upsert_replaces_the_same_points(pair, points, replacing, chosen, mode):
    name, client, local = pair(points)
    for each in (client, local):
        each.upsert(name, replacing, update_filter=chosen, update_mode=mode)
    assert payloads_of(client, name) == payloads_of(local, name)


@COMPARED
@given(points=stocks(), chosen=filters)
def test_set_payload_and_delete_by_filter_change_the_same_points(pair, points, chosen):
    name, client, local = pair(points)
    for each in (client, local):
        each.set_payload(name, {"flag": True, "more": [1, {"deep": "x"}]}, points=models.FilterSelector(filter=chosen))
    assert payloads_of(client, name) == payloads_of(local, name)
    for each in (client, local):
        each.delete(name, models.FilterSelector(filter=chosen))
    assert payloads_of(client, name) == payloads_of(local, name)


NESTED = models.Filter(must=[condition("name", match=models.MatchValue(value="rain"))])
STOCK = [
    models.PointStruct(
        id=number,
        vector={"dense": [math.cos(number), math.sin(number), 0.5, 0.0]}
        | ({"bm25": models.SparseVector(indices=[number, 20], values=[1.0, 0.5 + number / 100])} if number % 3 else {}),
        payload={
            "journal": JOURNALS[number % 3],
            "revision": number,
            "moods": [{"name": TAGS[number % 3], "strength": number}, {"name": "calm"}],
        },
    )
    for number in range(12)
]
DENSE = models.Prefetch(query=[1.0, 0.0, 0.0, 0.0], using="dense", limit=8)
# Not a sparse one: until the next vacuum the engine counts deleted points in its term statistics.
ACROSS = models.Prefetch(query=[0.0, 1.0, 0.1, 0.0], using="dense", limit=8)


@pytest.mark.parametrize(
    "ask",
    [
        lambda it, c: it.scroll(c, models.Filter(must=[models.HasVectorCondition(has_vector="bm25")])),
        lambda it, c: it.scroll(
            c, models.Filter(must=[models.NestedCondition(nested=models.Nested(key="moods", filter=NESTED))])
        ),
        lambda it, c: it.scroll(
            c,
            models.Filter(
                min_should=models.MinShould(
                    conditions=[
                        condition("journal", match=models.MatchValue(value="anna")),
                        condition("revision", range=models.Range(gt=4)),
                        models.HasIdCondition(has_id=[1, 7]),
                    ],
                    min_count=2,
                )
            ),
        ),
        lambda it, c: it.scroll(c, models.Filter(must=[condition("moods", is_empty=True)])),
        lambda it, c: it.scroll(c, limit=3, offset=4, with_payload=["journal"], with_vectors=["dense"]),
        lambda it, c: it.scroll(c, with_payload=models.PayloadSelectorExclude(exclude=["moods", "journal"])),
        lambda it, c: it.retrieve(c, [3, 1, 99], with_payload=models.PayloadSelectorInclude(include=["revision"])),
        lambda it, c: it.retrieve(c, [4, 2], with_payload=False),
        lambda it, c: it.query_points(c, query=models.OrderByQuery(order_by="revision"), limit=4),
        lambda it, c: it.query_points(
            c, query=models.OrderByQuery(order_by=models.OrderBy(key="revision", direction="desc")), limit=4
        ),
        lambda it, c: it.query_points(c, query=models.NearestQuery(nearest=[0.0, 1.0, 0.0, 0.0]), using="dense"),
        lambda it, c: it.query_points(c, prefetch=DENSE, query=[0.0, 1.0, 0.0, 0.0], using="dense"),
        lambda it, c: it.query_batch_points(
            c,
            [
                models.QueryRequest(query=[1.0, 0.0, 0.0, 0.0], using="dense", limit=2),
                models.QueryRequest(query=[0.0, 1.0, 0.0, 0.0], using="dense", limit=3, with_payload=True),
            ],
        ),
        lambda it, c: it.query_points_groups(
            c, "journal", prefetch=DENSE, query=[0.0, 1.0, 0.0, 0.0], using="dense", group_size=2, limit=3
        ),
    ],
)
def test_other_requests_have_the_same_answers(pair, ask):
    name, client, local = pair(STOCK)
    client.create_payload_index(name, "revision", "integer")
    assert plain(ask(client, name)) == plain(ask(local, name))


@pytest.mark.parametrize("fusion", models.Fusion)
def test_each_fusion_gives_the_same_scores(pair, fusion):
    name, client, local = pair(STOCK)
    asked = {"prefetch": [DENSE, ACROSS], "query": models.FusionQuery(fusion=fusion), "limit": 30}
    assert scores(client.query_points(name, **asked).points) == {
        point.id: point.score for point in local.query_points(name, **asked).points
    }


def test_points_in_columns_are_the_same_as_points_in_rows(pair):
    name, client, local = pair(STOCK)
    columns = models.Batch(
        ids=[1, 2], vectors={"dense": [[1.0, 0, 0, 0], [0, 1.0, 0, 0]]}, payloads=[{"journal": "anna"}, {}]
    )
    for each in (client, local):
        each.upsert(name, columns)
    assert plain(client.scroll(name, with_vectors=True)) == plain(local.scroll(name, with_vectors=True))


def plain(answer):
    """An answer as values that can be compared: versions are each server's own, scores are rounded."""
    match answer:
        case float():
            return round(answer, 4)
        case list() | tuple():
            return [plain(each) for each in answer]
        case dict():
            return {key: plain(each) for key, each in answer.items() if key not in ("version", "order_value")}
        case _ if hasattr(answer, "model_dump"):
            return plain(answer.model_dump())
        case _:
            return answer


@COMPARED
@given(points=stocks(), page=st.integers(1, 7))
def test_scrolling_in_pages_meets_every_point_once(pair, points, page):
    name, client, _ = pair(points)
    met, offset = [], None
    while True:
        records, offset = client.scroll(name, limit=page, offset=offset)
        met += [record.id for record in records]
        if offset is None:
            break
    assert met == [point.id for point in points]
