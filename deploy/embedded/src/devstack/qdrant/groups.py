"""Hits grouped by a payload field. The engine's binding has no such query: plain ones make it up, as in the server."""

from collections.abc import Iterable
from typing import Any, cast

import qdrant_edge as engine

from devstack.qdrant import schema
from devstack.qdrant.collection import Collection
from devstack.qdrant.errors import BadRequest
from devstack.qdrant.points import payload_selector, vector_selector, wire_record
from devstack.qdrant.queries import QUERY_FIELDS, limit_of, to_query, widened
from devstack.qdrant.wire import Json, count, required, text

GROUP_FIELDS = (
    *(field for field in QUERY_FIELDS if field != "offset"),
    "group_by",
    "group_size",
    "with_payload",
    "with_vector",
)
_GROUP_SIZE_DEFAULT = 3
_ROUNDS_MAX = 5
_ASCENDING = ("Euclid", "Manhattan")

Hits = list[engine.ScoredPoint]
GroupKey = str | int


def query_groups(collection: Collection, body: Json) -> list[Json]:
    """The best groups, each with its best hits, best first.

    First rounds of queries find enough groups, skipping those that are full; further rounds fill the chosen ones.
    """
    search = _GroupSearch(collection, body)
    search.find()
    search.fill()
    return search.answer()


class _GroupSearch:
    def __init__(self, collection: Collection, body: Json) -> None:
        self._collection = collection
        self._key = text(required(body, "group_by"), "group_by")
        if "[" in self._key:
            raise BadRequest("Wrong input: groups by a field inside a list are not served here")
        self._groups_wanted = limit_of(body)
        self._size = count(body.get("group_size", _GROUP_SIZE_DEFAULT), "group_size", least=1)
        self._with_payload = body.get("with_payload")
        self._with_vector = body.get("with_vector")
        self._sign = _sort_sign(collection, body)
        asked = {field: item for field, item in body.items() if field in QUERY_FIELDS}
        self._query = {**widened(asked, self._size), "with_payload": [self._key]}
        self._seen: set[Any] = set()
        self._groups: dict[GroupKey, Hits] = {}

    def find(self) -> None:
        for _ in range(_ROUNDS_MAX):
            if len(self._groups) >= self._groups_wanted:
                return
            full = [key for key, hits in self._groups.items() if len(hits) >= self._size]
            unseen = engine.Filter(must_not=[engine.IsEmptyCondition(self._key), *self._already(), *self._any_of(full)])
            if not self._collect(self._groups_wanted * self._size, unseen):
                return

    def fill(self) -> None:
        best = sorted(self._groups, key=lambda key: self._rank(self._groups[key][0]))[: self._groups_wanted]
        self._groups = {key: self._groups[key] for key in best}
        for _ in range(_ROUNDS_MAX):
            wanting = [key for key in best if len(self._groups[key]) < self._size]
            if not wanting:
                return
            # Several keys a point make a point count for more than one group: ask for some more than are missing.
            missing = sum(self._size - len(self._groups[key]) for key in wanting) + self._groups_wanted * self._size
            chosen = engine.Filter(
                must=[engine.Filter(should=list(self._any_of(wanting)))],
                must_not=[*self._already()],
            )
            if not self._collect(missing, chosen, only=set(best)):
                return

    def answer(self) -> list[Json]:
        ids = list({hit.id for hits in self._groups.values() for hit in hits})
        records = self._collection.retrieve(
            ids, payload_selector(self._with_payload), vector_selector(self._with_vector)
        )
        by_id = {record.id: record for record in records}
        return [
            {
                "id": key,
                "hits": [
                    {
                        **wire_record(by_id[hit.id], self._with_payload, self._with_vector),
                        "version": hit.version,
                        "score": hit.score,
                    }
                    for hit in sorted(hits, key=self._rank)
                ],
            }
            for key, hits in self._groups.items()
        ]

    def _collect(self, limit: int, narrowed_to: engine.Filter, only: set[GroupKey] | None = None) -> bool:
        """Put new hits into their groups; False when there was none."""
        found = self._collection.query(to_query(self._query, limit=limit, narrowed_to=narrowed_to))
        fresh = [hit for hit in found if hit.id not in self._seen]
        for hit in fresh:
            self._seen.add(hit.id)
            for key in _keys(hit.payload or {}, self._key):
                if only is not None and key not in only:
                    continue
                hits = self._groups.setdefault(key, [])
                if len(hits) < self._size:
                    hits.append(hit)
        return bool(fresh)

    def _already(self) -> list[engine.HasIdCondition]:
        return [engine.HasIdCondition(self._seen)] if self._seen else []

    def _any_of(self, keys: Iterable[GroupKey]) -> list[engine.FieldCondition]:
        """Conditions on the group's field; the engine takes no mixture of numbers and strings in one."""
        numbers = [key for key in keys if isinstance(key, int)]
        words = [key for key in keys if isinstance(key, str)]
        return [engine.FieldCondition(self._key, match=engine.MatchAny(some)) for some in (numbers, words) if some]

    def _rank(self, hit: engine.ScoredPoint) -> float:
        return self._sign * hit.score


def _sort_sign(collection: Collection, body: Json) -> int:
    """-1 where a higher score is better; distances count the other way, unless they were fused to ranks."""
    query = body.get("query")
    if query is None or (isinstance(query, dict) and "order_by" in query):
        raise BadRequest("Wrong input: groups of hits without a score are not served here")
    fused = isinstance(query, dict) and ("fusion" in query or "rrf" in query)
    params = schema.dense_params(collection.config).get(body.get("using", ""), {})
    return 1 if not fused and params.get("distance") in _ASCENDING else -1


def _keys(payload: Json, path: str) -> list[GroupKey]:
    """The values at a dotted path that can name a group: strings and whole numbers, each once."""
    value: Any = payload
    for name in path.split("."):
        value = cast("Json", value).get(name) if isinstance(value, dict) else None
    found = cast("list[Any]", value) if isinstance(value, list) else [value]
    return list(dict.fromkeys(key for key in found if isinstance(key, str | int) and not isinstance(key, bool)))
