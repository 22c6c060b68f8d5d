"""Qdrant's filter language to the engine's. A part that is not known is refused: dropped, it would widen the filter."""

from collections.abc import Iterator
from typing import Any

import qdrant_edge as engine

from devstack.qdrant.errors import BadRequest
from devstack.qdrant.faults import engine_faults
from devstack.qdrant.points import point_id
from devstack.qdrant.wire import Json, count, flag, items, number, obj, one_or_many, required, take, text

_CLAUSES = ("must", "should", "must_not")
_MATCHES = {
    "value": engine.MatchValue,
    "any": engine.MatchAny,
    "except": engine.MatchExcept,
}
_FIELD_CONDITIONS = ("match", "range", "values_count", "is_empty", "is_null")
_BOUNDS = ("gt", "gte", "lt", "lte")


@engine_faults()
def to_filter(value: object) -> engine.Filter | None:
    if value is None:
        return None
    given = take(value, "filter", *_CLAUSES, "min_should")
    clauses: dict[str, Any] = {
        name: [_condition(item) for item in one_or_many(given[name])] for name in _CLAUSES if name in given
    }
    if "min_should" in given:
        least = take(given["min_should"], "min_should", "conditions", "min_count")
        conditions = [_condition(item) for item in items(required(least, "conditions"), "conditions")]
        clauses["min_should"] = engine.MinShould(conditions, count(required(least, "min_count"), "min_count"))
    return engine.Filter(**clauses)


def both(*filters: engine.Filter | None) -> engine.Filter | None:
    """What passes every one of `filters`."""
    given = [item for item in filters if item is not None]
    return engine.Filter(must=list(given)) if len(given) > 1 else next(iter(given), None)


def filtered_keys(value: object) -> Iterator[str]:
    """The payload keys that a filter, already understood by `to_filter`, looks at."""
    if isinstance(value, list):
        for item in items(value, "filter"):
            yield from filtered_keys(item)
    elif isinstance(value, dict):
        given: Json = value
        match given:
            case {"key": str(key)}:
                yield key
            case {"nested": {"key": str(key), "filter": inner}}:
                yield from (f"{key}[].{name}" for name in filtered_keys(inner))
            case {"has_id": _} | {"has_vector": _}:
                return
            case _:
                for item in given.values():
                    yield from filtered_keys(item)


def _condition(value: object) -> Any:
    given = obj(value, "a filter condition")
    match given:
        case {"key": key}:
            return _field_condition(text(key, "key"), take(given, "condition", "key", *_FIELD_CONDITIONS))
        case {"nested": nested}:
            take(given, "condition", "nested")
            inner = take(nested, "nested", "key", "filter")
            return engine.NestedCondition(text(required(inner, "key"), "key"), _required_filter(inner))
        case {"has_id": ids}:
            take(given, "condition", "has_id")
            return engine.HasIdCondition({point_id(item) for item in items(ids, "has_id")})
        case {"has_vector": name}:
            take(given, "condition", "has_vector")
            return engine.HasVectorCondition(text(name, "has_vector"))
        case {"is_empty": _} | {"is_null": _}:
            return _absence(take(given, "condition", "is_empty", "is_null"))
        case _:
            return to_filter(given)


def _absence(given: Json) -> engine.IsEmptyCondition | engine.IsNullCondition:
    if len(given) != 1:
        raise BadRequest("Format error in JSON body: a condition is either is_empty or is_null")
    ((kind, field),) = given.items()
    key = text(required(take(field, kind, "key"), "key"), "key")
    return engine.IsEmptyCondition(key) if kind == "is_empty" else engine.IsNullCondition(key)


def _required_filter(given: Json) -> engine.Filter:
    inner = to_filter(required(given, "filter"))
    if inner is None:
        raise BadRequest("Format error in JSON body: nested condition without a filter")
    return inner


def _field_condition(key: str, given: Json) -> engine.FieldCondition:
    if len(given) == 1:
        raise BadRequest(f"Format error in JSON body: the condition on `{key}` asks nothing")
    parts: dict[str, Any] = {}
    if "match" in given:
        parts["match"] = _match(given["match"])
    if "range" in given:
        parts["range"] = _range(given["range"])
    if "values_count" in given:
        bounds = take(given["values_count"], "values_count", *_BOUNDS)
        parts["values_count"] = engine.ValuesCount(**{name: count(bound, name) for name, bound in bounds.items()})
    for name in ("is_empty", "is_null"):
        if name in given:
            parts[name] = flag(given[name], name)
    return engine.FieldCondition(key, **parts)


def _match(value: object) -> Any:
    given = take(value, "match", *_MATCHES)
    if len(given) != 1:
        raise BadRequest("Format error in JSON body: a match needs exactly one of value, any, except")
    ((kind, wanted),) = given.items()
    if any(isinstance(each, bool) for each in one_or_many(wanted)):
        # The engine's bindings (0.9.0) take true for the number 1, and would match other points than were asked for.
        raise BadRequest("Wrong input: a match with true or false is not served here")
    return _MATCHES[kind](wanted)


def _range(value: object) -> engine.RangeFloat | engine.RangeDateTime:
    bounds = take(value, "range", *_BOUNDS)
    if any(isinstance(bound, str) for bound in bounds.values()):
        return engine.RangeDateTime(**{name: text(bound, name) for name, bound in bounds.items()})
    return engine.RangeFloat(**{name: number(bound, name) for name, bound in bounds.items()})
