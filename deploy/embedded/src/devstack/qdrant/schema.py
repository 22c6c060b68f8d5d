"""A collection's configuration: what Qdrant's REST API asks for, what we keep, what the engine gets.

The engine is told m=0 and to vacuum at the first deletion, whatever the configuration says. It holds the interpreter's
lock while it works: building graphs for 10,000 points froze every request for 5.8 s, while a scan of one journal's
20,000 points takes 11 ms. And with Qdrant's default thresholds a small deletion stays on disk for ever.
"""

from typing import Any

import qdrant_edge as engine

from devstack.qdrant.errors import BadRequest
from devstack.qdrant.faults import engine_faults
from devstack.qdrant.wire import Json, count, required, take, text

_DISTANCES = {"Cosine", "Euclid", "Dot", "Manhattan"}
_HNSW_DEFAULTS: Json = {
    "m": 16,
    "ef_construct": 100,
    "full_scan_threshold": 10000,
    "max_indexing_threads": 0,
    "on_disk": False,
}
_OPTIMIZER_DEFAULTS: Json = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
_STRICT_MODE = ("enabled", "unindexed_filtering_retrieve", "unindexed_filtering_update", "max_query_limit")
_FIELD_INDEXES = {
    "keyword": engine.KeywordIndexParams,
    "integer": engine.IntegerIndexParams,
    "float": engine.FloatIndexParams,
    "bool": engine.BoolIndexParams,
    "datetime": engine.DatetimeIndexParams,
    "uuid": engine.UuidIndexParams,
}


def collection_config(body: Json) -> Json:
    """The body of a create call, checked, as it is kept and shown again.

    Raises:
        BadRequest: a setting that is wrong, or that this server would not honour.
    """
    config = take(
        body,
        "collection",
        "vectors",
        "sparse_vectors",
        "hnsw_config",
        "optimizers_config",
        "on_disk_payload",
        "metadata",
        "strict_mode_config",
        "shard_number",
        "replication_factor",
        "write_consistency_factor",
    )
    for name in ("shard_number", "replication_factor", "write_consistency_factor"):
        if config.get(name, 1) != 1:
            raise BadRequest(f"Wrong input: {name} must be 1: this is one server")
    _check_tuning(config)
    engine_config(config)
    return config


def patched_config(config: Json, body: Json) -> Json:
    """`config` after a PATCH: metadata and tuning are merged key by key, a null takes a metadata key out."""
    patch = take(body, "collection", "metadata", "hnsw_config", "optimizers_config", "strict_mode_config")
    _check_tuning(patch)
    merged = {**config, **{name: {**(config.get(name) or {}), **part} for name, part in patch.items()}}
    if "metadata" in merged:
        merged["metadata"] = {name: item for name, item in merged["metadata"].items() if item is not None}
    return merged


def dense_params(config: Json) -> dict[str, Json]:
    """The dense vectors by name; one without a name is `""`."""
    vectors: Json = config.get("vectors") or {}
    return {"": vectors} if "size" in vectors else vectors


def sparse_params(config: Json) -> dict[str, Json]:
    return config.get("sparse_vectors") or {}


@engine_faults()
def engine_config(config: Json) -> engine.EdgeConfig:
    dense = {name: _dense(params) for name, params in dense_params(config).items()}
    sparse = {name: _sparse(params) for name, params in sparse_params(config).items()}
    if not dense and not sparse:
        raise BadRequest("Wrong input: a collection needs at least one vector")
    return engine.EdgeConfig(
        vectors=dense,
        sparse_vectors=sparse,
        hnsw_config=engine.HnswIndexConfig(0, 100, 10000, payload_m=0),
        optimizers=engine.EdgeOptimizersConfig(deleted_threshold=1e-9, vacuum_min_vector_number=1),
        # More threads gain nothing: the bindings hold the interpreter's lock.
        max_search_threads=1,
        wal_enabled=False,
    )


@engine_faults()
def field_index(schema: object) -> Any:
    """The engine's index of a payload field, from `"keyword"` or `{"type": "keyword", "is_tenant": true}`."""
    given: Json = {"type": schema} if isinstance(schema, str) else take(schema, "field_schema", "type", *_INDEX_OPTIONS)
    kind = text(required(given, "type"), "type")
    if kind not in _FIELD_INDEXES:
        raise BadRequest(f"Wrong input: payload index of type {kind} not served here")
    options = {name: item for name, item in given.items() if name != "type"}
    return _FIELD_INDEXES[kind](**options)


def wire_config(config: Json) -> Json:
    """The configuration as GET /collections/{name} shows it, defaults filled in."""
    return {
        "params": {
            "vectors": config.get("vectors") or {},
            "sparse_vectors": config.get("sparse_vectors"),
            "shard_number": 1,
            "replication_factor": 1,
            "write_consistency_factor": 1,
            "on_disk_payload": config.get("on_disk_payload", True),
        },
        "hnsw_config": {**_HNSW_DEFAULTS, **(config.get("hnsw_config") or {})},
        "optimizer_config": {**_OPTIMIZER_DEFAULTS, **(config.get("optimizers_config") or {})},
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        "quantization_config": None,
        "strict_mode_config": config.get("strict_mode_config"),
        "metadata": config.get("metadata"),
    }


_INDEX_OPTIONS = ("is_tenant", "is_principal", "lookup", "range", "on_disk", "enable_hnsw")


def _check_tuning(config: Json) -> None:
    if "hnsw_config" in config:
        take(config["hnsw_config"], "hnsw_config", *_HNSW_DEFAULTS, "payload_m")
    if "optimizers_config" in config:
        take(
            config["optimizers_config"],
            "optimizers_config",
            *_OPTIMIZER_DEFAULTS,
            "indexing_threshold",
            "max_segment_size",
        )
    if "strict_mode_config" in config:
        take(config["strict_mode_config"], "strict_mode_config", *_STRICT_MODE)


def _dense(params: object) -> engine.EdgeVectorParams:
    given = take(params, "vector", "size", "distance", "on_disk", "hnsw_config")
    distance = required(given, "distance")
    if distance not in _DISTANCES:
        raise BadRequest(f"Format error in JSON body: unknown distance {distance!r}")
    return engine.EdgeVectorParams(
        count(required(given, "size"), "size", least=1),
        getattr(engine.Distance, distance),
        on_disk=given.get("on_disk"),
    )


def _sparse(params: object) -> engine.EdgeSparseVectorParams:
    given = take(params or {}, "sparse vector", "index", "modifier")
    index = take(given.get("index") or {}, "sparse index", "full_scan_threshold", "on_disk")
    modifier = given.get("modifier", "none")
    if modifier not in ("none", "idf"):
        raise BadRequest(f"Format error in JSON body: unknown modifier {modifier!r}")
    return engine.EdgeSparseVectorParams(
        full_scan_threshold=index.get("full_scan_threshold"),
        on_disk=index.get("on_disk"),
        modifier=engine.Modifier.Idf if modifier == "idf" else None,
    )
