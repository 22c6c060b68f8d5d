"""The REST calls that are served, each a function of the call and the server's state."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import qdrant_edge as engine

from devstack.qdrant import schema, strict, updates
from devstack.qdrant.catalog import Catalog
from devstack.qdrant.collection import Collection
from devstack.qdrant.commit import GroupCommit
from devstack.qdrant.errors import NotFound
from devstack.qdrant.filters import to_filter
from devstack.qdrant.groups import GROUP_FIELDS, query_groups
from devstack.qdrant.points import (
    payload_selector,
    point_id,
    vector_selector,
    wire_id,
    wire_record,
    wire_scored,
)
from devstack.qdrant.queries import QUERY_FIELDS, filters_of, limit_of, order_by, to_query
from devstack.qdrant.wire import Json, flag, items, obj, required, take, text


@dataclass(frozen=True)
class Call:
    catalog: Catalog
    commit: GroupCommit
    path: dict[str, str]
    #: Answer after the write is durable (Qdrant's `wait` parameter).
    wait: bool
    body: object

    @property
    def collection(self) -> Collection:
        return self.catalog.get(self.path["collection"])


Handler = Callable[[Call], Awaitable[Any]]


async def list_collections(call: Call) -> Json:
    return {"collections": [{"name": collection.name} for collection in call.catalog.collections]}


async def get_collection(call: Call) -> Json:
    return call.collection.info()


async def collection_exists(call: Call) -> Json:
    return {"exists": call.catalog.exists(call.path["collection"])}


async def create_collection(call: Call) -> bool:
    call.catalog.create(call.path["collection"], obj(call.body))
    return True


async def patch_collection(call: Call) -> bool:
    call.collection.config = schema.patched_config(call.collection.config, obj(call.body))
    call.collection.save()
    return True


async def delete_collection(call: Call) -> bool:
    return call.catalog.delete(call.path["collection"])


async def list_aliases(call: Call) -> Json:
    return _aliases(call.catalog.aliases)


async def collection_aliases(call: Call) -> Json:
    name = call.collection.name
    return _aliases({alias: target for alias, target in call.catalog.aliases.items() if target == name})


async def change_aliases(call: Call) -> bool:
    call.catalog.change_aliases(required(take(call.body, "aliases", "actions"), "actions"))
    return True


async def create_index(call: Call) -> Json:
    given = take(call.body, "index", "field_name", "field_schema")
    field = text(required(given, "field_name"), "field_name")
    wanted = required(given, "field_schema")
    return _completed(
        call.collection.add_index(field, wanted if isinstance(wanted, str) else obj(wanted, "field_schema"))
    )


async def delete_index(call: Call) -> Json:
    collection = call.collection
    return await _acknowledged(call, collection, collection.drop_index(call.path["field"]))


async def upsert_points(call: Call) -> Json:
    operation = updates.upsert(call.body)
    strict.check_write(call.collection, [obj(call.body).get("update_filter")])
    return await _written(call, operation)


async def delete_points(call: Call) -> Json:
    operation = updates.delete(call.body)
    collection = call.collection
    strict.check_write(collection, [obj(call.body).get("filter")])
    return await _acknowledged(call, collection, collection.apply_deletion(operation))


async def set_payload(call: Call) -> Json:
    operation = updates.set_payload(call.body)
    strict.check_write(call.collection, [obj(call.body).get("filter")])
    return await _written(call, operation)


async def get_points(call: Call) -> list[Json]:
    body = take(call.body, "points", "ids", "with_payload", "with_vector")
    ids = list(dict.fromkeys(point_id(item) for item in items(required(body, "ids"), "ids")))
    return _records(call.collection, ids, body.get("with_payload", True), body.get("with_vector"))


async def get_point(call: Call) -> Json:
    given = call.path["id"]
    found = _records(call.collection, [point_id(int(given) if given.isdigit() else given)], payload=True, vector=True)
    if not found:
        raise NotFound(f"Not found: Point with id {given} does not exists!")
    return found[0]


async def scroll_points(call: Call) -> Json:
    body = take(call.body, "scroll", "filter", "limit", "offset", "with_payload", "with_vector", "order_by")
    with_payload, with_vector = body.get("with_payload", True), body.get("with_vector")
    chosen = to_filter(body.get("filter"))
    strict.check_read(call.collection, [body.get("filter")], limit_of(body))
    records, following = call.collection.scroll(
        engine.ScrollRequest(
            offset=point_id(body["offset"]) if "offset" in body else None,
            limit=limit_of(body),
            filter=chosen,
            with_payload=payload_selector(with_payload),
            with_vector=vector_selector(with_vector),
            order_by=order_by(body["order_by"]) if "order_by" in body else None,
        )
    )
    # An order may have ties, so an id cannot say where it goes on: the server gives none either.
    ends = following is None or "order_by" in body
    return {
        "points": [wire_record(record, with_payload, with_vector) for record in records],
        "next_page_offset": None if ends else wire_id(following),
    }


async def count_points(call: Call) -> Json:
    body = take(call.body, "count", "filter", "exact")
    chosen = to_filter(body.get("filter"))
    strict.check_read(call.collection, [body.get("filter")])
    return {"count": call.collection.count(chosen, exact=flag(body.get("exact", True), "exact"))}


async def query_points(call: Call) -> Json:
    return _query(call.collection, call.body)


async def query_points_batch(call: Call) -> list[Json]:
    searches = required(take(call.body, "batch", "searches"), "searches")
    return [_query(call.collection, search) for search in items(searches, "searches")]


async def query_points_groups(call: Call) -> Json:
    body = take(call.body, "query", *GROUP_FIELDS)
    strict.check_read(call.collection, filters_of(body), limit_of(body))
    return {"groups": query_groups(call.collection, body)}


_ONE = "/collections/{collection}"
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/collections", list_collections),
    ("POST", "/collections/aliases", change_aliases),
    ("GET", "/aliases", list_aliases),
    ("GET", _ONE, get_collection),
    ("PUT", _ONE, create_collection),
    ("PATCH", _ONE, patch_collection),
    ("DELETE", _ONE, delete_collection),
    ("GET", f"{_ONE}/exists", collection_exists),
    ("GET", f"{_ONE}/aliases", collection_aliases),
    ("PUT", f"{_ONE}/index", create_index),
    ("DELETE", f"{_ONE}/index/{{field}}", delete_index),
    ("PUT", f"{_ONE}/points", upsert_points),
    ("POST", f"{_ONE}/points", get_points),
    ("POST", f"{_ONE}/points/delete", delete_points),
    ("POST", f"{_ONE}/points/payload", set_payload),
    ("POST", f"{_ONE}/points/scroll", scroll_points),
    ("POST", f"{_ONE}/points/count", count_points),
    ("POST", f"{_ONE}/points/query", query_points),
    ("POST", f"{_ONE}/points/query/batch", query_points_batch),
    ("POST", f"{_ONE}/points/query/groups", query_points_groups),
    ("GET", f"{_ONE}/points/{{id}}", get_point),
)


def _query(collection: Collection, value: object) -> Json:
    body = take(value, "query", *QUERY_FIELDS, "with_payload", "with_vector")
    request = to_query(body)
    strict.check_read(collection, filters_of(body), limit_of(body))
    with_payload, with_vector = body.get("with_payload"), body.get("with_vector")
    return {"points": [wire_scored(point, with_payload, with_vector) for point in collection.query(request)]}


def _records(collection: Collection, ids: list[Any], payload: object, vector: object) -> list[Json]:
    """In the order of `ids`; those that are not there are left out."""
    records = collection.retrieve(ids, payload_selector(payload), vector_selector(vector))
    found = {record.id: record for record in records}
    return [wire_record(found[each], payload, vector) for each in ids if each in found]


async def _written(call: Call, operation: engine.UpdateOperation) -> Json:
    collection = call.collection
    return await _acknowledged(call, collection, collection.apply(operation))


async def _acknowledged(call: Call, collection: Collection, number: int) -> Json:
    durable = call.commit.begin(collection)
    if not call.wait:
        return {"operation_id": number, "status": "acknowledged"}
    # Shielded: one client that goes away must not cancel the round for the others.
    await asyncio.shield(durable)
    return _completed(number)


def _completed(number: int) -> Json:
    return {"operation_id": number, "status": "completed"}


def _aliases(aliases: dict[str, str]) -> Json:
    return {"aliases": [{"alias_name": alias, "collection_name": target} for alias, target in sorted(aliases.items())]}
