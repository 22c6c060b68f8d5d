"""Around every NATS request: a malformed body or a failed use case becomes a typed reply, never silence."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import structlog
from faststream import BaseMiddleware, ContextRepo, StreamMessage
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from pydantic import TypeAdapter, ValidationError

from contracts.api import AUTHORIZATION_HEADER, Problem, ProblemReply
from contracts.subjects import EVIDENCE_REPORT
from gateway.domain.errors import GatewayError
from gateway.domain.problems import INTERNAL, problem_of, request_invalid
from gateway.metrics import NATS_REQUEST_TIME, NATS_REQUESTS
from telemetry import TRACEPARENT, bound, fail, failure_of, span

#: What every handler calls the parameter that holds the body.
REQUEST = "request"
#: Raises what a key that does not hold raises.
Authenticate = Callable[[str | None], Awaitable[object]]
_SERVER_FAULT = 500
_JSON: TypeAdapter[Any] = TypeAdapter(Any)

log = structlog.get_logger()


async def decode(message: StreamMessage[Any]) -> object:
    """The body as JSON; None where it is not JSON, which no request model accepts.

    An error here would come before any middleware, and leave the client without an answer.
    """
    try:
        return _JSON.validate_json(message.body)
    except ValueError:
        return None


class TypedReplies(BaseMiddleware):
    """Turns errors into a `ProblemReply`, and writes the request's line and numbers."""

    def __init__(self, msg: Any, /, *, context: ContextRepo, authenticate: Authenticate) -> None:
        super().__init__(msg, context=context)
        self._authenticate = authenticate

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        subject = msg.raw_message.subject
        started = time.perf_counter()
        with bound(correlation_id=msg.correlation_id), _serving(subject, msg) as serving:
            reply, outcome = await _answer(call_next, msg, self._authenticate)
            _tell(serving, reply, outcome)
            duration_s = time.perf_counter() - started
            NATS_REQUESTS.labels(subject=subject, outcome=outcome).inc()
            NATS_REQUEST_TIME.observe(duration_s, subject)
            log.info("nats.answered", subject=subject, outcome=outcome, duration_ms=round(duration_s * 1000, 1))
        return reply


async def _answer(
    call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], message: StreamMessage[Any], authenticate: Authenticate
) -> tuple[Any, str]:
    try:
        try:
            return await call_next(message), "ok"
        except ValidationError as error:
            # FastStream reads the body before a handler sees the key. As over HTTP, who has none is told nothing else.
            await authenticate(message.headers.get(AUTHORIZATION_HEADER))
            problem = _problem_of_validation(error)
    except GatewayError as error:
        problem = problem_of(error)
    except Exception as error:  # noqa: BLE001 - the border: the client is told that it was not the client
        log.error("nats.failed", subject=message.raw_message.subject, **failure_of(error))
        problem = INTERNAL
    return ProblemReply(problem=problem), problem.type.rpartition(":")[2]


def _serving(subject: str, message: StreamMessage[Any]) -> AbstractContextManager[Span]:
    if subject == EVIDENCE_REPORT:  # Every few seconds by itself, on nobody's behalf.
        return nullcontext(INVALID_SPAN)
    attributes = {"rpc.system.name": "nats", "rpc.method": subject}
    return span(subject, kind=SpanKind.SERVER, attributes=attributes, parent=message.headers.get(TRACEPARENT))


def _tell(serving: Span, reply: object, outcome: str) -> None:
    """What a client is to blame for is no failure of the server's."""
    serving.set_attribute("rpc.response.status_code", outcome)
    if isinstance(reply, ProblemReply) and reply.problem.status >= _SERVER_FAULT:
        fail(serving, outcome)


def _problem_of_validation(error: ValidationError) -> Problem:
    steps = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
    if steps[:1] != (REQUEST,):  # Not the request: something of ours did not fit a model of ours.
        log.error("nats.failed", reason="ValidationError", model=error.title, steps=[str(step) for step in steps])
        return INTERNAL
    return problem_of(request_invalid(error, drop=(REQUEST,)))
