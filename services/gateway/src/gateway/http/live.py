"""A reflection while it is written: over WebSocket, and as server-sent events at the same address.

Both say the same events. A browser cannot send headers with a WebSocket: it offers the key as a subprotocol.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.identifiers import JournalName, Ordinal
from contracts.live import LiveEvent
from contracts.reflections import ReflectionView
from gateway.context import Context
from gateway.domain.errors import GatewayError, RequestInvalid, Unavailable
from gateway.domain.principals import Principal
from gateway.http.answers import error_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.cross_origin import may_connect
from gateway.http.documents import problem_documents
from gateway.http.errors import OriginNotAllowed
from gateway.http.event_stream import EventStream, live_bytes
from gateway.live.permission import while_allowed
from gateway.live.reflections import follow_reflection
from gateway.service.keys import authenticate
from gateway.service.read_reflections import get_reflection
from telemetry import failure_of

#: What a browser offers: `new WebSocket(url, ["daybook.v1", "daybook.key." + key])`.
SUBPROTOCOL = "daybook.v1"
KEY_SUBPROTOCOL = "daybook.key."
#: How it ended, as a close code and words for whoever looks at the connection.
_CLOSES = {
    "ended": (1000, None),
    "stopping": (1001, None),
    "unavailable": (1001, "the database cannot be read now"),
    "refused": (1008, "this key may not read it any more"),
    "failed": (1011, None),
    "too_slow": (4008, "too slow: what is missing is stored"),
}

_NEWEST = "Which version; the newest where it is left out"


class _Address(BaseModel):
    """What a WebSocket asks for, checked by us: FastAPI would close it without a word."""

    model_config = ConfigDict(frozen=True)

    journal: JournalName
    entry_id: UUID
    version: Ordinal | None = None


router = APIRouter(prefix="/v1/journals/{journal}/entries/{entry_id}", tags=["reflections"])
log = structlog.stdlib.get_logger()


@router.get(
    "/reflection/live",
    operation_id="follow_reflection",
    summary="A reflection while it is written",
    dependencies=[KEY_NEEDED],
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events; the last one is `ended`"},
        **problem_documents(401, 403, 404, 422, 503),
    },
)
async def follow(
    context: ContextOfApi,
    caller: Caller,
    journal: JournalName,
    entry_id: UUID,
    version: Annotated[Ordinal | None, Query(description=_NEWEST)] = None,
) -> Response:
    """What is written already, then the rest (`written`, `questions`), then `ended` with the whole.

    `restarted` says to throw away what came before. The same events come over WebSocket at this address.
    """
    asked = await get_reflection(context.store, caller, journal, entry_id, version, care=context.care)
    told = live_bytes(_events(context, caller, asked), context.board.closing)
    return EventStream(told, send_timeout_s=context.send_timeout_s, places=context.streams)


@router.websocket("/reflection/live")
async def follow_by_websocket(websocket: WebSocket) -> None:
    context: Context = websocket.app.state.context
    try:
        _require_known_origin(websocket, context)
        caller = await authenticate(context.store, _authorization(websocket))
        address = _address(websocket)
        asked = await get_reflection(
            context.store, caller, address.journal, address.entry_id, address.version, care=context.care
        )
        with context.streams.taken():
            offered = websocket.scope.get("subprotocols", [])
            await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
            events = _events(context, caller, asked)
            await _send_all(websocket, events, asked, send_timeout_s=context.send_timeout_s)
    except GatewayError as error:
        # Before it is accepted: the answer is an HTTP one, the same as to a GET. Behind that nothing of ours is raised.
        await websocket.send_denial_response(error_answer(error))


def _events(context: Context, caller: Principal, asked: ReflectionView) -> AsyncGenerator[LiveEvent]:
    events = follow_reflection(context.store, context.board, caller, asked, care=context.care)
    return while_allowed(events, context.store, caller, asked.journal)


async def _send_all(
    websocket: WebSocket, events: AsyncGenerator[LiveEvent], asked: ReflectionView, *, send_timeout_s: float
) -> None:
    """Send until the end, or until the client leaves."""
    sending = asyncio.create_task(_send(websocket, events, send_timeout_s))
    leaving = asyncio.create_task(_left(websocket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        outcome, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
        told = outcome if isinstance(outcome, str) else "left"
        log.info("live.closed", entry_id=str(asked.entry_id), version=asked.version, how=told)


async def _send(websocket: WebSocket, events: AsyncGenerator[LiveEvent], send_timeout_s: float) -> str:
    """How it ended. The close code says the same to the client."""
    how = await _send_events(websocket, events, send_timeout_s)
    # Only now, when nobody watches any more: whoever reads nothing may not hear of the close either.
    await websocket.close(*_CLOSES[how])
    return how


async def _send_events(websocket: WebSocket, events: AsyncGenerator[LiveEvent], send_timeout_s: float) -> str:
    last: LiveEvent | None = None
    async with aclosing(events):
        try:
            async for event in events:
                last = event
                async with asyncio.timeout(send_timeout_s):
                    await _send_one(websocket, event)
        except TimeoutError:
            return "too_slow"
        except Unavailable:
            return "unavailable"
        except GatewayError:
            return "refused"
        except WebSocketDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - whoever watches is told that it is ours, and the operator what
            log.error("live.failed", **failure_of(error))
            return "failed"
    return "ended" if last is not None and last.event == "ended" else "stopping"


async def _send_one(websocket: WebSocket, event: LiveEvent) -> None:
    text = event.model_dump_json()
    try:
        await websocket.send_text(text)
    except RuntimeError as error:
        # uvicorn's word where it has closed the connection itself, as no pong came.
        raise WebSocketDisconnect(1006) from error


async def _left(websocket: WebSocket) -> None:
    """Returns when the client has gone. What it says meanwhile is of no interest."""
    try:
        while True:
            await websocket.receive_text()
    except (WebSocketDisconnect, KeyError):
        return


def _require_known_origin(websocket: WebSocket, context: Context) -> None:
    """Raises OriginNotAllowed. A browser does not show it to its page: the line is for the operator."""
    if not may_connect(websocket.scope, context.cors_origins):
        log.info("live.origin_refused", setting="GATEWAY_CORS_ORIGINS")
        raise OriginNotAllowed


def _authorization(websocket: WebSocket) -> str | None:
    """From the header; else from the subprotocol that a browser offers."""
    header = websocket.headers.get("authorization")
    if header is not None:
        return header
    offered: list[str] = websocket.scope.get("subprotocols", [])
    keys = [name.removeprefix(KEY_SUBPROTOCOL) for name in offered if name.startswith(KEY_SUBPROTOCOL)]
    return f"Bearer {keys[0]}" if keys else None


def _address(websocket: WebSocket) -> _Address:
    """Raises RequestInvalid."""
    try:
        return _Address.model_validate({**websocket.query_params, **websocket.path_params})
    except ValidationError:
        raise RequestInvalid([]) from None
