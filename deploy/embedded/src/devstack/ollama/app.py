"""The routes, and the server's lifetime."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from devstack.ollama.catalogue import Catalogue
from devstack.ollama.embedding import Embedding
from devstack.ollama.faults import ApiFault, HungUp
from devstack.ollama.generation import Generation
from devstack.ollama.registry import Limits, Registry
from devstack.ollama.upstream import Upstream
from devstack.ollama.weights import Weights

VERSION = "0.33.0-embedded"
_HUNG_UP = 499
_READ = ["GET", "HEAD"]


def create_app(weights: tuple[Weights, ...], limits: Limits) -> Starlette:
    registry, upstream = Registry(weights, limits), Upstream()
    generation, embedding, catalogue = (
        Generation(registry, upstream),
        Embedding(registry, upstream),
        Catalogue(registry),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None, None]:
        reaper = asyncio.create_task(_unload_expired(registry))
        yield
        reaper.cancel()
        await upstream.close()
        await registry.unload_all()

    return Starlette(
        lifespan=lifespan,
        exception_handlers={
            ApiFault: _refuse,
            HungUp: _hung_up,
            httpx.HTTPError: _broken,
            404: _no_route,
            405: _no_method,
            500: _broken,
        },
        routes=[
            Route("/", _root, methods=_READ),
            Route("/api/version", _version, methods=_READ),
            Route("/api/tags", catalogue.tags, methods=_READ),
            Route("/api/ps", catalogue.ps, methods=_READ),
            Route("/api/show", catalogue.show, methods=["POST"]),
            Route("/api/pull", catalogue.pull, methods=["POST"]),
            Route("/api/chat", generation.chat, methods=["POST"]),
            Route("/api/generate", generation.generate, methods=["POST"]),
            Route("/api/embed", embedding.embed, methods=["POST"]),
            Route("/api/embeddings", embedding.embeddings, methods=["POST"]),
            *(Route(path, _unsupported, methods=["POST"]) for path in ("/api/create", "/api/copy", "/api/push")),
            Route("/api/delete", _unsupported, methods=["DELETE"]),
        ],
    )


async def _unload_expired(registry: Registry) -> None:
    while True:
        await asyncio.sleep(1)
        await registry.unload_expired()


async def _root(_request: Request) -> Response:
    return PlainTextResponse("Ollama is running")


async def _version(_request: Request) -> Response:
    return JSONResponse({"version": VERSION})


async def _unsupported(_request: Request) -> Response:
    return JSONResponse({"error": "not supported by the embedded server"}, status_code=501)


async def _refuse(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, ApiFault)
    return JSONResponse({"error": fault.text}, status_code=fault.status)


async def _broken(_request: Request, error: Exception) -> Response:
    text = f"model runner has unexpectedly stopped: {type(error).__name__}"
    return JSONResponse({"error": text}, status_code=500)


async def _hung_up(_request: Request, _fault: Exception) -> Response:
    return Response(status_code=_HUNG_UP)  # nobody reads it


# Ollama's router answers these two as plain text.
async def _no_route(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("404 page not found", status_code=404)


async def _no_method(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("405 method not allowed", status_code=405)
