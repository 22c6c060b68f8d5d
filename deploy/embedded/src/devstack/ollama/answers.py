"""Chunks out: as NDJSON while they come, or added up into one document. Whoever hangs up stops the work."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from devstack.ollama.faults import ApiFault, HungUp

Chunk = dict[str, Any]
T = TypeVar("T")
Merge = Callable[[Chunk, Chunk], Chunk]
_WATCH_S = 0.1


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def answer(request: Request, chunks: AsyncGenerator[Chunk, None], merge: Merge, *, stream: bool) -> Response:
    if not stream:
        return JSONResponse(await while_connected(request, _added_up(chunks, merge)))
    # A fault before the first chunk keeps its HTTP status; after it, only the stream can tell. Until the first chunk
    # the request may wait for its slot, and nobody but us would notice that its client left.
    first = await while_connected(request, _first(chunks))
    return StreamingResponse(_ndjson(first, chunks), media_type="application/x-ndjson")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client hangs up.

    Raises:
        HungUp: there is nobody left to answer.
    """
    task = asyncio.create_task(work)
    watcher = asyncio.create_task(_hang_up(request))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HungUp
        return task.result()
    finally:
        # Also when we are cancelled ourselves: the slot must be free when the server stops.
        for one in (task, watcher):
            one.cancel()
        await asyncio.wait({task, watcher})


async def _hang_up(request: Request) -> None:
    while not await request.is_disconnected():  # noqa: ASYNC110 - ASGI tells only who asks
        await asyncio.sleep(_WATCH_S)


async def _first(chunks: AsyncGenerator[Chunk, None]) -> Chunk | None:
    return await anext(chunks, None)


async def _added_up(chunks: AsyncGenerator[Chunk, None], merge: Merge) -> Chunk:
    total: Chunk | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            total = chunk if total is None else merge(total, chunk)
    if total is None:
        raise ApiFault(500, "the model runner ended without an answer")
    return total


async def _ndjson(first: Chunk | None, chunks: AsyncGenerator[Chunk, None]) -> AsyncIterator[str]:
    try:
        async with aclosing(chunks):
            if first is not None:
                yield json.dumps(first) + "\n"
            async for chunk in chunks:
                yield json.dumps(chunk) + "\n"
    except ApiFault as fault:
        yield json.dumps({"error": fault.text}) + "\n"
    except httpx.HTTPError as error:
        text = f"an error was encountered while running the model: {type(error).__name__}"
        yield json.dumps({"error": text}) + "\n"
