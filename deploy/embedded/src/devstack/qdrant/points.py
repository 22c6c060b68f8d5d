"""Points between Qdrant's REST JSON and the engine: ids, vectors, payload selectors, records."""

from typing import Any, cast
from uuid import UUID

import qdrant_edge as engine

from devstack.qdrant.errors import BadRequest
from devstack.qdrant.wire import Json, items, take

PointId = int | UUID
#: Dense, sparse, or the vectors of several names.
Vector = list[float] | engine.SparseVector


def point_id(value: object) -> PointId:
    match value:
        case bool():
            pass
        case int() if value >= 0:
            return value
        case str():
            try:
                return UUID(value)
            except ValueError:
                pass
        case _:
            pass
    raise BadRequest(
        f"Format error in JSON body: value {value!r} is not a valid point ID, "
        "valid values are either an unsigned integer or a UUID"
    )


def wire_id(value: object) -> int | str:
    return value if isinstance(value, int) else str(value)


def vector(value: object) -> Vector:
    """A dense vector (a list of numbers) or a sparse one (`indices` and `values`)."""
    if isinstance(value, list):
        return cast("list[float]", value)
    if isinstance(value, dict):
        sparse = take(cast("Json", value), "sparse vector", "indices", "values")
        indices, values = items(sparse.get("indices"), "indices"), items(sparse.get("values"), "values")
        if len(indices) != len(values) or len(set(indices)) != len(indices):
            raise BadRequest("Wrong input: a sparse vector needs unique indices, and as many values")
        return engine.SparseVector(indices, values)
    raise BadRequest("Format error in JSON body: only dense and sparse vectors are served here")


def named_vectors(value: object) -> dict[str, Vector]:
    """The vectors of a point by name; a lone list is the unnamed one, `""`."""
    if isinstance(value, dict):
        return {name: vector(item) for name, item in cast("Json", value).items()}
    return {"": vector(value)}


def payload_selector(value: object) -> bool | list[str] | engine.PayloadSelector:
    match value:
        case None:
            return False
        case bool():
            return value
        case list():
            return cast("list[str]", value) or False
        case _:
            chosen = take(value, "with_payload", "include", "exclude")
    if "include" in chosen:
        return engine.PayloadSelector.Include(items(chosen["include"], "include"))
    return engine.PayloadSelector.Exclude(items(chosen.get("exclude"), "exclude"))


def vector_selector(value: object) -> bool | list[str]:
    if value is None or isinstance(value, bool):
        return bool(value)
    return items(value, "with_vector")


def wire_record(record: Any, with_payload: object, with_vector: object) -> Json:
    """A record or scored point as Qdrant writes it."""
    out: Json = {"id": wire_id(record.id), "payload": None, "vector": None}
    if payload_selector(with_payload) is not False:
        out["payload"] = record.payload or {}
    if vector_selector(with_vector) not in (False, []):
        out["vector"] = _wire_vectors(record.vector)
    if record.order_value is not None:
        out["order_value"] = record.order_value
    return out


def wire_scored(point: Any, with_payload: object, with_vector: object) -> Json:
    return {**wire_record(point, with_payload, with_vector), "version": point.version, "score": point.score}


def _wire_vectors(value: Any) -> Any:
    if isinstance(value, dict):
        named = cast("Json", value)
        if set(named) == {""}:
            return _wire_vector(named[""])
        return {name: _wire_vector(item) for name, item in named.items()}
    return {} if value is None else _wire_vector(value)


def _wire_vector(value: Any) -> Any:
    if isinstance(value, engine.SparseVector):
        return {"indices": value.indices, "values": value.values}
    return value
