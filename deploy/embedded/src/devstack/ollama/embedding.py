"""`/api/embed` and the older `/api/embeddings`."""

import math
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.ollama.answers import while_connected
from devstack.ollama.faults import ApiFault
from devstack.ollama.fields import body_of
from devstack.ollama.registry import Model, Registry
from devstack.ollama.upstream import Upstream

_PULL_HINT = ", try pulling it first"
#: So many texts at a time go to llama.cpp, which works on although its client has left.
PIECE = 16


class Embedding:
    def __init__(self, registry: Registry, upstream: Upstream) -> None:
        self._registry = registry
        self._upstream = upstream

    async def embed(self, request: Request) -> Response:
        started_ns = time.perf_counter_ns()
        body = await body_of(request)
        texts = _texts(body.get("input"))
        name = body.get("model") or ""
        model = self._registry.get(name, quote='"', hint=_PULL_HINT)
        load_ns = await model.load(body.get("keep_alive"))
        if not texts:
            model.touch()
            return JSONResponse({"model": name, "embeddings": []})
        work = self._vectors(model, texts, truncate=body.get("truncate") is not False)
        vectors, tokens = await while_connected(request, work)
        return JSONResponse(
            {
                "model": name,
                "embeddings": [_unit(vector, body.get("dimensions") or 0) for vector in vectors],
                "total_duration": time.perf_counter_ns() - started_ns,
                "load_duration": load_ns,
                "prompt_eval_count": tokens,
            }
        )

    async def embeddings(self, request: Request) -> Response:
        body = await body_of(request)
        if not body.get("model"):
            raise ApiFault(400, "model is required")
        model = self._registry.get(body["model"], quote='"', hint=_PULL_HINT)
        await model.load(body.get("keep_alive"))
        if not body.get("prompt"):
            return JSONResponse({"embedding": []})
        vectors, _ = await while_connected(request, self._vectors(model, [body["prompt"]], truncate=True))
        return JSONResponse({"embedding": _unit(vectors[0], 0)})

    async def _vectors(self, model: Model, texts: list[str], *, truncate: bool) -> tuple[list[list[float]], int]:
        """(len(texts), dimension) vectors and the tokens read. One text that does not fit fails them all."""
        if model.weights.kind != "embed":
            raise ApiFault(501, "This server does not support embeddings. Start it with `--embeddings`")
        async with model.slot():
            inputs = [await self._fit(model, text, truncate=truncate) for text in texts]
            pieces = [inputs[start : start + PIECE] for start in range(0, len(inputs), PIECE)]
            answers = [await self._upstream.post(model, "/v1/embeddings", {"input": piece}) for piece in pieces]
        rows = [row for answer in answers for row in sorted(answer["data"], key=lambda row: row["index"])]
        return [row["embedding"] for row in rows], sum(answer["usage"]["prompt_tokens"] for answer in answers)

    async def _fit(self, model: Model, text: str, *, truncate: bool) -> str | list[int]:
        """The text, or its token ids cut to the context with the closing token kept."""
        if len(text) <= model.context_tokens - 2:  # a token is a character at least, and two are added
            return text
        ids = await self._upstream.tokens(model, text, special=True)
        if len(ids) <= model.context_tokens:
            return text
        if not truncate:
            raise ApiFault(400, "the input length exceeds the context length")
        return ids[: model.context_tokens - 1] + ids[-1:]


def _texts(value: Any) -> list[str]:
    match value:
        case None | "":
            return []
        case str():
            return [value]
        case list() if all(isinstance(text, str) for text in value):
            return value
        case _:
            raise ApiFault(400, "invalid input type")


def _unit(vector: list[float], dimensions: int) -> list[float]:
    """Length 1, cut to `dimensions` first where that is asked for."""
    cut = vector[:dimensions] if dimensions else vector
    if not all(map(math.isfinite, cut)):
        raise ApiFault(400, "embedding contains NaN or Inf values")
    scale = 1.0 / max(math.sqrt(math.fsum(x * x for x in cut)), 1e-12)
    return [x * scale for x in cut]
