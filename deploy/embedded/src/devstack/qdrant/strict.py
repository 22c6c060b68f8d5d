"""Qdrant's strict mode, as far as a collection can switch it on here."""

from collections.abc import Iterable

from devstack.qdrant.collection import Collection
from devstack.qdrant.errors import BadRequest
from devstack.qdrant.filters import filtered_keys
from devstack.qdrant.wire import Json


def check_read(collection: Collection, filters: Iterable[object], limit: int | None = None) -> None:
    settings = _settings(collection)
    highest = settings.get("max_query_limit")
    if limit is not None and highest is not None and limit > highest:
        raise BadRequest(f'Bad request: Limit exceeded {limit} > {highest} for "limit". Help: Reduce the "limit".')
    if settings.get("unindexed_filtering_retrieve") is False:
        _check_indexed(collection, filters)


def check_write(collection: Collection, filters: Iterable[object]) -> None:
    if _settings(collection).get("unindexed_filtering_update") is False:
        _check_indexed(collection, filters)


def _settings(collection: Collection) -> Json:
    settings: Json = collection.config.get("strict_mode_config") or {}
    return settings if settings.get("enabled") else {}


def _check_indexed(collection: Collection, filters: Iterable[object]) -> None:
    for each in filters:
        for key in filtered_keys(each):
            if key not in collection.indexes:
                raise BadRequest(
                    f'Bad request: Index required but not found for "{key}". '
                    "Help: Create an index for this key or use a different filter."
                )
