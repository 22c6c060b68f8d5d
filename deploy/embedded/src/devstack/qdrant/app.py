"""The ASGI application: authentication, JSON, errors in Qdrant's shape, and the server's start and stop."""

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from devstack.qdrant.catalog import Catalog
from devstack.qdrant.commit import GroupCommit
from devstack.qdrant.compaction import Compactor
from devstack.qdrant.errors import BadRequest, Refused
from devstack.qdrant.routes import ROUTES, Call, Handler
from devstack.qdrant.wire import Json

#: The version of Qdrant whose API this is; qdrant-client compares it with its own.
VERSION = "1.20.0"
_BODY_MAX_BYTES = 32 * 1024 * 1024
#: These say how several nodes agree, or how long to wait for them: one node agrees with itself.
_SINGLE_NODE_PARAMETERS = ("ordering", "consistency", "timeout")
_LOG = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(directory: Path, api_key: str | None) -> Starlette:
    """The application over the collections in `directory`, which the caller owns (see `lock`)."""
    catalog = Catalog(directory)
    commit = GroupCommit()
    compactor = Compactor(catalog)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        catalog.open()
        compaction = asyncio.create_task(compactor.run())
        try:
            yield
        finally:
            compaction.cancel()
            with suppress(asyncio.CancelledError):
                await compaction
            catalog.close()

    def endpoint(handler: Handler) -> Endpoint:
        async def answer(request: Request) -> Response:
            started = time.perf_counter()
            compactor.saw_request()
            if api_key is not None and not _authorised(request, api_key):
                return PlainTextResponse("Must provide an API key or an Authorization bearer token", 401)
            try:
                call = Call(catalog, commit, request.path_params, _wait(request), await _body(request))
                result = await handler(call)
            except Refused as refusal:
                return _json({"status": {"error": str(refusal)}, "time": 0.0}, refusal.status)
            except Exception as error:  # noqa: BLE001 - handling ends here; the client gets a 500
                _LOG.exception("%s %s failed", request.method, request.url.path)
                return _json({"status": {"error": f"Service internal error: {error}"}, "time": 0.0}, 500)
            return _json({"result": result, "status": "ok", "time": time.perf_counter() - started})

        return answer

    return Starlette(
        routes=[
            Route("/", _root),
            *(Route(path, _healthy) for path in ("/healthz", "/livez", "/readyz")),
            *(Route(path, endpoint(handler), methods=[method]) for method, path, handler in ROUTES),
        ],
        exception_handlers={404: _not_served, 405: _not_served},
        lifespan=lifespan,
    )


async def _root(_request: Request) -> Response:
    return _json({"title": "qdrant - vector search engine", "version": VERSION, "commit": "edge"})


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("healthz check passed")


async def _not_served(request: Request, _error: Exception) -> Response:
    return _json({"status": {"error": f"{request.method} {request.url.path} is not served here"}, "time": 0.0}, 404)


def _authorised(request: Request, api_key: str) -> bool:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    given = request.headers.get("api-key", bearer)
    return hmac.compare_digest(given.encode(), api_key.encode())


def _wait(request: Request) -> bool:
    if unknown := request.query_params.keys() - {"wait", *_SINGLE_NODE_PARAMETERS}:
        raise BadRequest(f"Wrong input: query parameters {sorted(unknown)} not known or not served here")
    return request.query_params.get("wait", "false") == "true"


async def _body(request: Request) -> Any:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _BODY_MAX_BYTES:
            raise BadRequest(f"Payload error: JSON payload is larger than allowed (limit: {_BODY_MAX_BYTES} bytes)")
        chunks.append(chunk)
    if not size:
        return {}
    try:
        return orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"Format error in JSON body: {error}") from error


def _json(value: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
