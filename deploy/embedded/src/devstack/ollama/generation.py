"""`/api/chat` and `/api/generate`: the same generation in two shapes."""

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.ollama.answers import Chunk, answer, now
from devstack.ollama.faults import ApiFault
from devstack.ollama.fields import (
    Body,
    body_of,
    context_limit,
    keep_alive_s,
    refuse_unsupported,
    response_format,
    sampling,
)
from devstack.ollama.registry import Model, Registry
from devstack.ollama.upstream import Upstream

_CHAT = "/v1/chat/completions"
_RAW = "/completion"


@dataclass(frozen=True)
class Shape:
    """How one endpoint wraps a piece of text, and how two such chunks add up."""

    operation: str
    wrap: Callable[[str], Chunk]
    merge: Callable[[Chunk, Chunk], Chunk]


@dataclass(frozen=True)
class Asked:
    """A request and what its final chunk has to tell of it."""

    body: Body
    started_ns: int
    load_ns: int


class Generation:
    def __init__(self, registry: Registry, upstream: Upstream) -> None:
        self._registry = registry
        self._upstream = upstream

    async def chat(self, request: Request) -> Response:
        body = await body_of(request)
        if not body.get("model"):
            raise ApiFault(400, "model is required")
        messages = [
            {"role": str(message.get("role", "")).lower(), "content": message.get("content") or ""}
            for message in body.get("messages") or []
        ]
        return await self._run(request, body, messages, CHAT_SHAPE)

    async def generate(self, request: Request) -> Response:
        body = await body_of(request)
        model = self._registry.get(body.get("model") or "")
        if body.get("suffix"):
            raise ApiFault(400, f"registry.ollama.ai/library/{model.weights.name} does not support insert")
        if body.get("raw") and any(body.get(key) for key in ("template", "system", "context")):
            raise ApiFault(400, "raw mode does not support template, system, or context")
        prompt = body.get("prompt") or ""
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        messages = [*system, {"role": "user", "content": prompt}] if prompt else []
        return await self._run(request, body, messages, GENERATE_SHAPE)

    async def _run(self, request: Request, body: Body, messages: list[dict[str, str]], shape: Shape) -> Response:
        started_ns = time.perf_counter_ns()
        model = self._registry.get(body["model"])
        if model.weights.kind != "chat":
            raise ApiFault(400, f'"{body["model"]}" does not support {shape.operation}')
        refuse_unsupported(body, model.weights.name)
        keep_alive = body.get("keep_alive")
        if not messages and keep_alive is not None and keep_alive_s(keep_alive) == 0:
            await model.expire()
            return _nothing(body, shape, "unload")
        load_ns = await model.load(keep_alive)
        if not messages:
            model.touch()
            return _nothing(body, shape, "load")
        path, payload = await self._request(model, body, messages)
        chunks = self._chunks(model, path, payload, shape, Asked(body, started_ns, load_ns))
        return await answer(request, chunks, shape.merge, stream=body.get("stream") is not False)

    async def _request(self, model: Model, body: Body, messages: list[dict[str, str]]) -> tuple[str, dict[str, Any]]:
        """The inner server's endpoint and payload."""
        options = sampling(body, model.context_tokens)
        wanted = response_format(body.get("format"))
        top = max(body.get("top_logprobs") or 0, 1)
        if body.get("raw"):
            raw: dict[str, Any] = {"prompt": body["prompt"], **options}
            if wanted:
                raw["json_schema"] = wanted.get("json_schema", {}).get("schema", {})
            if body.get("logprobs"):
                raw["n_probs"] = top
            return _RAW, raw
        limit = context_limit(body, model.context_tokens)
        fitting = await self._fit(model, messages, limit, truncate=body.get("truncate") is not False)
        payload: dict[str, Any] = {"messages": fitting, **options}
        if wanted:
            payload["response_format"] = wanted
        if body.get("logprobs"):
            payload |= {"logprobs": True, "top_logprobs": top}
        return _CHAT, payload

    async def _fit(
        self, model: Model, messages: list[dict[str, str]], limit: int, *, truncate: bool
    ) -> list[dict[str, str]]:
        """Drop the oldest messages but the system's until the prompt fits, always keeping the last (routes.go).

        Raises:
            ApiFault: it does not fit and `truncate` is off.
        """
        kept = messages
        for first in range(len(messages)):
            kept = [message for message in messages[:first] if message["role"] == "system"] + messages[first:]
            prompt = (await self._upstream.post(model, "/apply-template", {"messages": kept}))["prompt"]
            if len(prompt) <= limit or len(await self._upstream.tokens(model, prompt)) <= limit:
                return kept
            if not truncate:
                raise ApiFault(400, "the prompt is longer than the context length currently set")
        return kept

    async def _chunks(
        self, model: Model, path: str, payload: dict[str, Any], shape: Shape, asked: Asked
    ) -> AsyncGenerator[Chunk, None]:
        body = asked.body
        async with model.slot():
            async for event in self._upstream.events(model, path, payload):
                piece = _raw_piece(event) if path == _RAW else _chat_piece(event)
                if piece is None:
                    continue
                text, reason, logprobs = piece
                chunk = {"model": body["model"], "created_at": now(), **shape.wrap(text), "done": bool(reason)}
                if logprobs:
                    chunk["logprobs"] = [_logprob(one, with_top=bool(body.get("top_logprobs"))) for one in logprobs]
                if reason:
                    yield chunk | _metrics(event.get("timings") or {}, reason, asked)
                    return
                if text or logprobs:
                    yield chunk


def _nothing(body: Body, shape: Shape, reason: str) -> Response:
    return JSONResponse(
        {"model": body["model"], "created_at": now(), **shape.wrap(""), "done": True, "done_reason": reason}
    )


def _raw_piece(event: dict[str, Any]) -> tuple[str, str, list[Any]] | None:
    reason = ("length" if event.get("stop_type") == "limit" else "stop") if event.get("stop") else ""
    return event.get("content", ""), reason, event.get("completion_probabilities") or []


def _chat_piece(event: dict[str, Any]) -> tuple[str, str, list[Any]] | None:
    """Text, why it ended (or ""), log probabilities; None for events that carry none of them."""
    if not event.get("choices"):
        return None
    choice = event["choices"][0]
    finish = choice.get("finish_reason")
    reason = {None: "", "length": "length"}.get(finish, "stop")
    return (choice.get("delta") or {}).get("content") or "", reason, (choice.get("logprobs") or {}).get("content") or []


def _logprob(one: dict[str, Any], *, with_top: bool) -> dict[str, Any]:
    def of(token: dict[str, Any]) -> dict[str, Any]:
        return {"token": token["token"], "logprob": token["logprob"], "bytes": list(token["token"].encode())}

    top = {"top_logprobs": [of(other) for other in one.get("top_logprobs", [])]} if with_top else {}
    return of(one) | top


def _metrics(timings: dict[str, Any], reason: str, asked: Asked) -> Chunk:
    return {
        "done_reason": reason,
        "total_duration": time.perf_counter_ns() - asked.started_ns,
        "load_duration": asked.load_ns,
        "prompt_eval_count": timings.get("cache_n", 0) + timings.get("prompt_n", 0),
        "prompt_eval_duration": int(timings.get("prompt_ms", 0) * 1e6),
        "eval_count": timings.get("predicted_n", 0),
        "eval_duration": int(timings.get("predicted_ms", 0) * 1e6),
    }


def _merge_logprobs(before: Chunk, after: Chunk) -> None:
    if before.get("logprobs") or after.get("logprobs"):
        after["logprobs"] = (before.get("logprobs") or []) + (after.get("logprobs") or [])


def _merge_chat(before: Chunk, after: Chunk) -> Chunk:
    after["message"]["content"] = before["message"]["content"] + after["message"]["content"]
    _merge_logprobs(before, after)
    return after


def _merge_generate(before: Chunk, after: Chunk) -> Chunk:
    after["response"] = before["response"] + after["response"]
    _merge_logprobs(before, after)
    return after


CHAT_SHAPE = Shape("chat", lambda text: {"message": {"role": "assistant", "content": text}}, _merge_chat)
GENERATE_SHAPE = Shape("generate", lambda text: {"response": text}, _merge_generate)
