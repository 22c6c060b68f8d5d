"""Qdrant's writes to the engine's operations."""

from typing import Any, cast

import qdrant_edge as engine

from devstack.qdrant.errors import BadRequest
from devstack.qdrant.faults import engine_faults
from devstack.qdrant.filters import to_filter
from devstack.qdrant.points import named_vectors, point_id
from devstack.qdrant.wire import Json, items, obj, required, take, text

_MODES = {
    "upsert": engine.UpdateMode.Upsert,
    "insert_only": engine.UpdateMode.InsertOnly,
    "update_only": engine.UpdateMode.UpdateOnly,
}


@engine_faults()
def upsert(body: object) -> engine.UpdateOperation:
    """Points as a list or as columns. With `update_filter`, a point that is there is only replaced if it passes."""
    given = take(body, "upsert", "points", "batch", "update_filter", "update_mode")
    mode = given.get("update_mode", "upsert")
    if mode not in _MODES:
        raise BadRequest(f"Format error in JSON body: unknown update_mode {mode!r}")
    if "batch" in given:
        points = _batch(given["batch"])
    else:
        points = [_point(item) for item in items(required(given, "points"), "points")]
    return engine.UpdateOperation.upsert_points(points, to_filter(given.get("update_filter")), _MODES[mode])


@engine_faults()
def delete(body: object) -> engine.UpdateOperation:
    given = take(body, "delete", "points", "filter")
    match given:
        case {"points": ids, **rest} if not rest:
            return engine.UpdateOperation.delete_points([point_id(item) for item in items(ids, "points")])
        case {"filter": chosen, **rest} if not rest:
            return engine.UpdateOperation.delete_points_by_filter(_filter(chosen))
        case _:
            raise _neither_or_both()


@engine_faults()
def set_payload(body: object) -> engine.UpdateOperation:
    given = take(body, "set payload", "payload", "points", "filter", "key")
    payload, key = obj(required(given, "payload"), "payload"), given.get("key")
    if key is not None:
        text(key, "key")
    match given:
        case {"points": ids} if "filter" not in given:
            chosen: list[engine.PointId] = [point_id(item) for item in items(ids, "points")]
            return engine.UpdateOperation.set_payload(chosen, payload, key)
        case {"filter": chosen} if "points" not in given:
            return engine.UpdateOperation.set_payload_by_filter(_filter(chosen), payload, key)
        case _:
            raise _neither_or_both()


def _filter(value: object) -> engine.Filter:
    chosen = to_filter(value)
    if chosen is None:
        raise _neither_or_both()
    return chosen


def _neither_or_both() -> BadRequest:
    return BadRequest("Format error in JSON body: give either points or filter")


def _point(value: object) -> engine.Point:
    given = take(value, "point", "id", "vector", "payload")
    return engine.Point(
        point_id(required(given, "id")),
        cast("Any", named_vectors(required(given, "vector"))),
        obj(given.get("payload", {}), "payload"),
    )


def _batch(value: object) -> list[engine.Point]:
    given = take(value, "batch", "ids", "vectors", "payloads")
    ids = items(required(given, "ids"), "ids")
    columns = required(given, "vectors")
    if isinstance(columns, dict):
        named = cast("Json", columns)
        if any(len(items(column, name)) != len(ids) for name, column in named.items()):
            raise _uneven()
        vectors: list[Any] = [{name: column[row] for name, column in named.items()} for row in range(len(ids))]
    else:
        vectors = items(columns, "vectors")
    payloads = items(given["payloads"], "payloads") if "payloads" in given else [None] * len(ids)
    if not len(ids) == len(vectors) == len(payloads):
        raise _uneven()
    return [
        _point({"id": each, "vector": vector, "payload": payload})
        for each, vector, payload in zip(ids, vectors, payloads, strict=True)
    ]


def _uneven() -> BadRequest:
    return BadRequest("Bad request: number of ids, vectors and payloads must match")
