"""Reading JSON objects strictly: a field that is not known is refused, never skipped."""

from typing import Any, cast

from devstack.qdrant.errors import BadRequest

Json = dict[str, Any]


def obj(value: object, where: str = "body") -> Json:
    if not isinstance(value, dict):
        raise BadRequest(f"Format error in JSON body: {where} must be an object")
    return cast("Json", value)


def take(value: object, where: str, *fields: str) -> Json:
    """`value` as an object without its null fields.

    Raises:
        BadRequest: not an object, or one that carries a field beyond `fields`.
    """
    given = {key: item for key, item in obj(value, where).items() if item is not None}
    if unknown := sorted(given.keys() - set(fields)):
        raise BadRequest(f"Format error in JSON body: {where}: {', '.join(unknown)} not known or not served here")
    return given


def items(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRequest(f"Format error in JSON body: {where} must be a list")
    return cast("list[Any]", value)


def one_or_many(value: object) -> list[Any]:
    """Qdrant takes one condition or prefetch where it takes a list of them."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"Format error in JSON body: {where} must be a string")
    return value


def number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"Format error in JSON body: {where} must be a number")
    return value


def count(value: object, where: str, *, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadRequest(f"Format error in JSON body: {where} must be a whole number of at least {least}")
    return value


def flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"Format error in JSON body: {where} must be true or false")
    return value


def required(body: Json, field: str) -> Any:
    if field not in body:
        raise BadRequest(f"Format error in JSON body: missing field `{field}`")
    return body[field]
