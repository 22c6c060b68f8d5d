"""Chunks out: as NDJSON while they come, or added up into one document. Whoever hangs up stops the generation."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from devstack.ollama.faults import ApiFault

Chunk = dict[str, Any]
Merge = Callable[[Chunk, Chunk], Chunk]
_HUNG_UP = 499
_WATCH_S = 0.1


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def answer(request: Request, chunks: AsyncIterator[Chunk], merge: Merge, *, stream: bool) -> Response:
    if not stream:
        return await _whole(request, chunks, merge)
    # A fault before the first chunk keeps its HTTP status; after it, only the stream can tell.
    first = await anext(chunks, None)
    return StreamingResponse(_ndjson(first, chunks), media_type="application/x-ndjson")


async def _ndjson(first: Chunk | None, chunks: AsyncIterator[Chunk]) -> AsyncIterator[str]:
    try:
        if first is not None:
            yield json.dumps(first) + "\n"
        async for chunk in chunks:
            yield json.dumps(chunk) + "\n"
    except ApiFault as fault:
        yield json.dumps({"error": fault.text}) + "\n"
    except httpx.HTTPError as error:
        text = f"an error was encountered while running the model: {type(error).__name__}"
        yield json.dumps({"error": text}) + "\n"


async def _whole(request: Request, chunks: AsyncIterator[Chunk], merge: Merge) -> Response:
    async def add_up() -> Chunk:
        total: Chunk | None = None
        async for chunk in chunks:
            total = chunk if total is None else merge(total, chunk)
        assert total is not None
        return total

    async def watch(work: asyncio.Task[Chunk]) -> None:
        while not await request.is_disconnected():  # noqa: ASYNC110 - ASGI tells only who asks
            await asyncio.sleep(_WATCH_S)
        work.cancel()

    work = asyncio.create_task(add_up())
    watcher = asyncio.create_task(watch(work))
    try:
        return JSONResponse(await work)
    except asyncio.CancelledError:
        return Response(status_code=_HUNG_UP)
    finally:
        watcher.cancel()
