"""From an HTTP status and a body to the error that says what to do.

Ollama reports a too long input in several words, some of them JSON of the inner server quoted inside its own JSON.
Source: server/routes.go and llm/server.go of https://github.com/ollama/ollama
"""

import json

from ollama_client.errors import BadRequest, ContextOverflow, ModelNotFound, OllamaError, Overloaded, ServerFault

_OVERFLOW_WORDS = ("exceed_context_size", "exceeds the context length", "longer than the context", "context size")
#: The server says 500 to these, though only another request can help.
_CALLER_FAULTS = ("invalid format", "must be of type", "invalid option")
_NOT_FOUND = 404
_BUSY = frozenset({429, 503})
_FAULT = 500


def refusal(status: int, body: bytes, *, model: str) -> OllamaError:
    """The error for an answer of 400 or more. Never raises: a body that is no JSON is quoted in part."""
    payload = error_text(body)
    lowered = payload.lower()
    if any(words in lowered for words in _OVERFLOW_WORDS):
        return ContextOverflow(status, payload)
    if status == _NOT_FOUND and model and "not found" in lowered:
        return ModelNotFound(model)
    if status in _BUSY:
        return Overloaded(status, payload)
    if status >= _FAULT and not any(words in lowered for words in _CALLER_FAULTS):
        return ServerFault(status, payload)
    return BadRequest(status, payload)


def error_text(body: bytes) -> str:
    """The words of `{"error": ...}`, or the beginning of whatever else came."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    match parsed:
        case {"error": str(text)}:
            return text
        case {"error": other}:
            return json.dumps(other)
        case _:
            return body[:200].decode(errors="replace")
