"""Request bodies: JSON that every reader reads alike, then the fields.

FastAPI's own reading takes NaN and NUL, fails with 500 on a lone surrogate, keeps the last of two equal keys, makes
dates of numbers, and echoes the whole body in its 422. Here a body is refused with a reason, or exactly what was meant.
"""

import json
from collections.abc import Awaitable, Callable
from email.message import Message
from typing import Any, Never, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from gateway.domain.problems import request_invalid
from gateway.http.errors import BodyMalformed, MediaTypeUnsupported

#: pydantic gives up above some 200 levels when it writes the answer; no entry needs a tenth of that.
NESTING_MAX = 32

ModelT = TypeVar("ModelT", bound=BaseModel)


def body_of(model: type[ModelT]) -> Callable[[Request], Awaitable[ModelT]]:
    """A dependency that answers with the body as `model`.

    Raises:
        MediaTypeUnsupported: it is not sent as JSON in UTF-8.
        BodyMalformed: it is not JSON.
        RequestInvalid: it is, but its fields are wrong.
    """

    async def read(request: Request) -> ModelT:
        _require_json(request)
        return parse_body(model, await request.body())

    return read


def optional_body_of(model: type[ModelT]) -> Callable[[Request], Awaitable[ModelT]]:
    """As `body_of`, but no body at all stands for `{}`."""

    async def read(request: Request) -> ModelT:
        raw = await request.body()
        if not raw:
            return model()
        _require_json(request)
        return parse_body(model, raw)

    return read


def parse_body(model: type[ModelT], raw: bytes) -> ModelT:
    """The fields of a JSON object. Types are taken strictly: `"1"` is no number, and a number is no date.

    Raises:
        BodyMalformed: see `require_plain_json`.
        RequestInvalid: fields are wrong, missing or unknown. Values are never quoted.
    """
    require_plain_json(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        # `from None`: the cause holds what the client wrote, and a traceback would print it.
        raise request_invalid(error) from None


def require_plain_json(raw: bytes) -> None:
    """Let pass what every JSON reader reads alike (I-JSON), nested at most `NESTING_MAX` deep.

    Raises:
        BodyMalformed: not UTF-8, not JSON, NaN or Infinity, a key twice in one object, a lone surrogate, or too deep.

    Source: https://www.rfc-editor.org/rfc/rfc7493
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BodyMalformed(f"Byte {error.start} is not UTF-8.") from None
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BodyMalformed(f"Line {error.lineno}, column {error.colno}: not JSON.") from None
    except RecursionError:
        raise BodyMalformed(_TOO_DEEP) from None
    except ValueError:  # Python refuses integers of more than 4,300 digits.
        raise BodyMalformed("A number is too long.") from None
    _require_shallow(value)
    try:
        # Escapes may hold half a character, which cannot be stored or sent on. Few bodies have any.
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BodyMalformed("An escape holds a lone surrogate.") from None


_TOO_DEEP = f"Objects and lists are nested more than {NESTING_MAX} deep."


def _require_json(request: Request) -> None:
    message = Message()
    message["Content-Type"] = request.headers.get("content-type", "")
    charset = message.get_param("charset", "utf-8")
    if message.get_content_type() != "application/json" or str(charset).lower() not in {"utf-8", "utf8"}:
        raise MediaTypeUnsupported


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(NESTING_MAX + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise BodyMalformed(_TOO_DEEP)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyMalformed("An object has the same key twice.")
    return found


def _refuse_constant(_name: str) -> Never:
    raise BodyMalformed("NaN and Infinity are not JSON.")
