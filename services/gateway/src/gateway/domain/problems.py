"""Errors as RFC 9457 problems, the same over HTTP and NATS. A problem never echoes input."""

from collections.abc import Sequence

from pydantic import ValidationError

from contracts.api import FieldProblem, Problem
from gateway.domain.errors import GatewayError, RequestInvalid

TYPE_PREFIX = "urn:daybook:problem:"
#: More than these help nobody, and a hostile request could ask for thousands.
ERRORS_MAX = 20
#: Where pydantic's own words name our classes, repeat a part of the value, or help nobody: by its error's type.
_WORDS = {
    "model_type": "must be a JSON object",
    "missing": "is needed",
    "extra_forbidden": "there is no such field",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "uuid_parsing": "must be a UUID",
}

INTERNAL = Problem(type=f"{TYPE_PREFIX}internal", title="Something went wrong on our side", status=500)


def problem_of(error: GatewayError) -> Problem:
    return Problem(
        type=TYPE_PREFIX + error.slug,
        title=error.title,
        status=error.status,
        detail=str(error),
        errors=error.errors if isinstance(error, RequestInvalid) else (),
    )


def request_invalid(error: ValidationError, *, drop: Sequence[str] = ()) -> RequestInvalid:
    """What is wrong with each field, by JSON pointer, without the values. `drop` names leading steps to leave out."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestInvalid(
        [
            FieldProblem(
                pointer=_pointer([str(step) for step in fault["loc"]], drop),
                detail=words_of(fault["type"], fault["msg"]),
            )
            for fault in found[:ERRORS_MAX]
        ]
    )


def words_of(kind: str, message: str) -> str:
    """What is told of a fault that pydantic found."""
    return _WORDS.get(kind) or message.removeprefix("Value error, ")


def _pointer(steps: Sequence[str], drop: Sequence[str]) -> str:
    """Source: https://www.rfc-editor.org/rfc/rfc6901."""
    kept = steps[1:] if steps and steps[0] in drop else steps
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in kept)
