"""NDJSON lines as chunks. A stream is whole only if its last chunk says `done: true`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ollama_client._models import ChatAnswer, ChatChunk, GenerateChunk, GeneratedText, Message
from ollama_client._refusals import refusal
from ollama_client.errors import OllamaError, ProtocolViolation, StreamCut

A = TypeVar("A", bound=BaseModel)
C = TypeVar("C", ChatChunk, GenerateChunk)
_FAULT = 500
#: How long to wait for the end of an answer that is whole. Without its end the connection serves no other request.
_LINGER_S = 0.1


def parse(kind: type[A], raw: bytes) -> A:
    """`raw` as a `kind`.

    Raises:
        ProtocolViolation: it is none. The message names fields, never their values.
    """
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}" for e in error.errors())
        raise ProtocolViolation(faults) from error


def raise_if_error(line: bytes, *, model: str) -> None:
    """Raise what an `{"error": ...}` line in the middle of a 200 answer reports."""
    if b'"error"' not in line:
        return
    try:
        parsed = json.loads(line)
    except ValueError:
        return
    if isinstance(parsed, dict) and set(parsed) == {"error"}:
        raise refusal(_FAULT, line, model=model)


async def chunks_of(lines: AsyncIterator[bytes], kind: type[C], model: str) -> AsyncIterator[C]:
    """Each chunk, the last of which is `done`.

    Raises:
        StreamCut: the answer ended before that.
    """
    count = 0
    async for line in lines:
        raise_if_error(line, model=model)
        chunk = parse(kind, line)
        count += 1
        yield chunk
        if chunk.done:
            await _reach_the_end(lines)
            return
    raise StreamCut(count)


async def _reach_the_end(lines: AsyncIterator[bytes]) -> None:
    """Nothing that happens here is a fault: the answer is whole already."""
    with suppress(OllamaError, TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            async for _ in lines:
                pass


async def whole_chat(chunks: AsyncIterator[ChatChunk]) -> ChatAnswer:
    last, text, thinking = await _joined(chunks)
    message = Message(role="assistant", content=text, thinking=thinking)
    return ChatAnswer.model_construct(_fields_set=None, **{**dict(last), "message": message})


async def whole_text(chunks: AsyncIterator[GenerateChunk]) -> GeneratedText:
    last, text, thinking = await _joined(chunks)
    return GeneratedText.model_construct(_fields_set=None, **{**dict(last), "response": text, "thinking": thinking})


async def _joined(chunks: AsyncIterator[C]) -> tuple[C, str, str]:
    """The last chunk, all text and all thinking."""
    texts: list[str] = []
    thoughts: list[str] = []
    last: C | None = None
    async for chunk in chunks:
        texts.append(chunk.text)
        thoughts.append(chunk.thinking)
        last = chunk
    assert last is not None
    return last, "".join(texts), "".join(thoughts)
