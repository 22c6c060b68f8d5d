"""Reading a request's fields the way Ollama does, with its words for what is wrong."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from devstack.ollama.faults import ApiFault

Body = dict[str, Any]

#: Ollama's defaults (api/types.go, DefaultOptions).
_SAMPLING: Mapping[str, Any] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "seed": -1,
    "stop": [],
}
_INTEGERS = ("num_predict", "num_ctx", "num_keep", "top_k", "seed", "repeat_last_n")
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|ms|s|m|h)")
_DURATION = re.compile(rf"[-+]?(?:0|(?:{_DURATION_PART.pattern})+)")
#: An unbounded answer still ends: ten contexts (llm/server.go).
_UNBOUNDED_CONTEXTS = 10

#: What each field must be, where it is there.
_KINDS: Mapping[str, type] = {
    "model": str,
    "name": str,
    "messages": list,
    "prompt": str,
    "system": str,
    "suffix": str,
    "options": dict,
    "stream": bool,
    "raw": bool,
    "truncate": bool,
    "logprobs": bool,
    "dimensions": int,
    "top_logprobs": int,
}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


async def body_of(request: Request) -> Body:
    raw = await request.body()
    if not raw.strip():
        raise ApiFault(400, "missing request body")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ApiFault(400, str(error)) from error
    if not isinstance(body, dict):
        raise ApiFault(400, "json: cannot unmarshal request body into an object")
    for key, kind in _KINDS.items():
        value = body.get(key)
        # In Python True is an int; in JSON it is not.
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ApiFault(400, f"json: cannot unmarshal {_json_kind(value)} into field {key}")
    if not all(isinstance(message, dict) for message in body.get("messages") or []):
        raise ApiFault(400, "json: cannot unmarshal messages: each must be an object")
    return _without_surrogates(body) if _SURROGATE.search(raw) else body


def keep_alive_s(value: object) -> float:
    """A number is seconds, a string a Go duration; negative means for ever."""
    match value:
        case bool():
            raise ApiFault(400, "json: cannot unmarshal bool into keep_alive")
        case int() | float():
            return math.inf if value < 0 else float(value)
        case str():
            if not _DURATION.fullmatch(value):
                raise ApiFault(400, f'time: invalid duration "{value}"')
            parts = _DURATION_PART.findall(value)
            return math.inf if value.startswith("-") else sum(float(n) * _UNITS_S[unit] for n, unit in parts)
        case _:
            raise ApiFault(400, "invalid keep_alive")


def sampling(body: Body, context_tokens: int) -> dict[str, Any]:
    """llama-server's sampling fields from Ollama's options. Unknown options are ignored, as upstream."""
    options = {key: value for key, value in (body.get("options") or {}).items() if value is not None}
    for key in _INTEGERS:
        value = options.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ApiFault(500, f'option "{key}" must be of type integer')
    limit = _UNBOUNDED_CONTEXTS * context_tokens
    wanted = int(options.get("num_predict", -1))
    return {
        **{key: options.get(key, default) for key, default in _SAMPLING.items()},
        "n_predict": wanted if 0 <= wanted <= limit else limit,
        "n_keep": int(options.get("num_keep", 4)),
        "cache_prompt": True,
    }


def context_limit(body: Body, context_tokens: int) -> int:
    return min(int((body.get("options") or {}).get("num_ctx") or context_tokens), context_tokens)


def response_format(value: object) -> dict[str, Any] | None:
    match value:
        case None | "":
            return None
        case "json":
            return {"type": "json_object"}
        case dict():
            return {"type": "json_schema", "json_schema": {"name": "schema", "schema": value}}
        case _:
            quoted = json.dumps(json.dumps(value))
            raise ApiFault(500, f'invalid format: {quoted}; expected "json" or a valid JSON Schema object')


def refuse_unsupported(body: Body, model: str) -> None:
    """What a model without thinking and tools answers."""
    if not 0 <= (body.get("top_logprobs") or 0) <= 20:  # noqa: PLR2004 - the API's own bound
        raise ApiFault(400, "top_logprobs must be between 0 and 20")
    think = body.get("think")
    if think not in {None, False, True, "low", "medium", "high", "max"}:
        raise ApiFault(400, f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)')
    if think:
        raise ApiFault(400, f'"{body["model"]}" does not support thinking')
    if body.get("tools"):
        raise ApiFault(400, f"registry.ollama.ai/library/{model} does not support tools")


def _json_kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _without_surrogates(body: Body) -> Body:
    """Half a surrogate pair is legal in JSON and cannot be sent on as UTF-8: it becomes U+FFFD, as in Go."""
    text = json.dumps(body, ensure_ascii=False)
    clean: Body = json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return clean
