"""Qdrant's query API to the engine's: nearest (dense, sparse), fusion, order_by, each over prefetches."""

from collections.abc import Iterator
from typing import Any, cast

import qdrant_edge as engine

from devstack.qdrant.errors import BadRequest
from devstack.qdrant.faults import engine_faults
from devstack.qdrant.filters import both, to_filter
from devstack.qdrant.points import Vector, payload_selector, vector, vector_selector
from devstack.qdrant.wire import Json, count, flag, items, number, one_or_many, required, take, text

QUERY_FIELDS = ("prefetch", "query", "using", "filter", "params", "score_threshold", "limit", "offset")
_PREFETCH_FIELDS = ("prefetch", "query", "using", "filter", "params", "score_threshold", "limit")
_LIMIT_DEFAULT = 10
#: The server's own default of Reciprocal Rank Fusion.
_RRF_K_DEFAULT = 2


@engine_faults()
def to_query(body: Json, *, limit: int | None = None, narrowed_to: engine.Filter | None = None) -> engine.QueryRequest:
    """The engine's query of a body that `take` has checked.

    `narrowed_to` is asked of every hit, beside the body's own filter.

    Raises:
        BadRequest: a query that is malformed or of a kind that is not served.
    """
    prefetches = _prefetches(body)
    query = _scoring(body)
    if prefetches and query is None:
        raise BadRequest("Bad request: A query is needed to merge the prefetches")
    if isinstance(query, engine.Fusion) and not prefetches:
        raise BadRequest("Bad request: cannot apply Fusion without prefetches")
    return engine.QueryRequest(
        limit or limit_of(body),
        offset=count(body.get("offset", 0), "offset"),
        query=query,
        prefetches=prefetches,
        with_vector=vector_selector(body.get("with_vector")),
        with_payload=payload_selector(body.get("with_payload")),
        filter=both(to_filter(body.get("filter")), narrowed_to),
        score_threshold=_threshold(body),
        params=_params(body.get("params")),
    )


def limit_of(body: Json) -> int:
    return count(body.get("limit", _LIMIT_DEFAULT), "limit", least=1)


def widened(body: Json, factor: int) -> Json:
    """The body with every prefetch `factor` times as deep, so that groups can fill."""
    if "prefetch" not in body:
        return body
    deeper = [
        {**widened(item, factor), "limit": limit_of(item) * factor}
        for item in (take(each, "prefetch", *_PREFETCH_FIELDS) for each in one_or_many(body["prefetch"]))
    ]
    return {**body, "prefetch": deeper}


def filters_of(body: Json) -> Iterator[object]:
    """Every filter that the query carries, at any depth."""
    yield body.get("filter")
    for item in one_or_many(body.get("prefetch") or []):
        yield from filters_of(item)


@engine_faults()
def order_by(value: object) -> engine.OrderBy:
    if isinstance(value, str):
        return engine.OrderBy(value)
    given = take(value, "order_by", "key", "direction", "start_from")
    direction = given.get("direction", "asc")
    if direction not in ("asc", "desc"):
        raise BadRequest(f"Format error in JSON body: unknown direction {direction!r}")
    towards = engine.Direction.Asc if direction == "asc" else engine.Direction.Desc
    return engine.OrderBy(text(required(given, "key"), "key"), towards, given.get("start_from"))


def _prefetches(body: Json) -> list[engine.Prefetch]:
    return [_prefetch(item) for item in one_or_many(body["prefetch"])] if "prefetch" in body else []


def _prefetch(value: object) -> engine.Prefetch:
    given = take(value, "prefetch", *_PREFETCH_FIELDS)
    return engine.Prefetch(
        limit_of(given),
        query=_scoring(given),
        prefetches=_prefetches(given),
        params=_params(given.get("params")),
        filter=to_filter(given.get("filter")),
        score_threshold=_threshold(given),
    )


def _scoring(body: Json) -> Any:
    using = text(body.get("using", ""), "using")
    query = body.get("query")
    match query:
        case None:
            return None
        case list() | {"indices": _}:
            return _nearest(vector(cast("object", query)), using)
        case {"nearest": wanted}:
            take(cast("object", query), "query", "nearest")
            return _nearest(vector(wanted), using)
        case {"order_by": by}:
            take(cast("object", query), "query", "order_by")
            return order_by(by)
        case {"fusion": kind}:
            take(cast("object", query), "query", "fusion")
            return _fusion(kind)
        case {"rrf": settings}:
            take(cast("object", query), "query", "rrf")
            given = take(settings, "rrf", "k", "weights")
            weights = items(given["weights"], "weights") if "weights" in given else None
            return engine.Fusion.Rrf(count(given.get("k", _RRF_K_DEFAULT), "k", least=1), weights)
        case _:
            raise BadRequest(
                "Format error in JSON body: this kind of query is not served here; "
                "served are nearest to a dense or sparse vector, fusion, rrf and order_by"
            )


def _nearest(wanted: Vector, using: str) -> Any:
    return engine.Query.Nearest(wanted, using=using)


def _fusion(kind: object) -> Any:
    match kind:
        case "rrf":
            return engine.Fusion.Rrf(_RRF_K_DEFAULT)
        case "dbsf":
            return engine.Fusion.Dbsf()
        case _:
            raise BadRequest(f"Format error in JSON body: unknown fusion {kind!r}")


def _threshold(body: Json) -> float | None:
    return number(body["score_threshold"], "score_threshold") if "score_threshold" in body else None


def _params(value: object) -> engine.SearchParams | None:
    if value is None:
        return None
    given = take(value, "params", "hnsw_ef", "exact", "indexed_only", "idf")
    idf = None
    if "idf" in given:
        idf = engine.IdfParams(to_filter(take(given["idf"], "idf", "corpus").get("corpus")))
    return engine.SearchParams(
        hnsw_ef=count(given["hnsw_ef"], "hnsw_ef") if "hnsw_ef" in given else None,
        exact=flag(given.get("exact", False), "exact"),
        indexed_only=flag(given.get("indexed_only", False), "indexed_only"),
        idf=idf,
    )
