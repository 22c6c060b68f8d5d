"""What each call of a model took, told to whoever asked to know: its text is never part of it."""

import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from ollama_client._models import ChatChunk, GenerateChunk, Timings
from ollama_client._tracing import CallSpan
from ollama_client.errors import OllamaError

C = TypeVar("C", ChatChunk, GenerateChunk)

Operation = Literal["embed", "chat", "generate"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to a model, as its caller saw it."""

    operation: Operation
    model: str
    #: From asking (waiting for a free connection included) to the whole answer, or to whatever ended it.
    duration_s: float
    #: False where it failed, was cancelled, or its stream was left before the last chunk.
    whole: bool
    #: As the server counted; 0 where the answer is not whole.
    prompt_tokens: int = 0
    answer_tokens: int = 0
    #: What ended it: an `OllamaError`, a cancellation, or what the block around a stream raised.
    error: BaseException | None = None

    @property
    def outcome(self) -> str:
        """A constant word for counting: `whole`, `left` (its reader had enough), or the error's type."""
        if self.whole:
            return "whole"
        return type(self.error).__name__ if isinstance(self.error, OllamaError) else "left"


#: Called in the caller's own task when a call ends, however it ends. What it raises comes out of the call.
Observer = Callable[[Call], None]


class Watch:
    """A call that goes on."""

    def __init__(self, span: CallSpan) -> None:
        self._span = span
        self.began_s = time.perf_counter()
        self.ended_s: float | None = None
        self.timings: Timings | None = None

    def answered(self, timings: Timings) -> None:
        """The answer is whole. What the caller does with it afterwards is not the server's time."""
        self.ended_s = time.perf_counter()
        self.timings = timings
        self._span.answered(timings)

    async def through(self, chunks: AsyncIterator[C]) -> AsyncIterator[C]:
        first = True
        async for chunk in chunks:
            if first:
                self._span.first_chunk()
                first = False
            if chunk.done:
                self.answered(chunk)
            yield chunk


@contextmanager
def watching(
    observer: Observer | None, operation: Operation, model: str, server: tuple[str, int]
) -> Generator[Watch, None, None]:
    """Tell `observer` of the call inside the block, once. `server` is a host and a port."""
    span = CallSpan(operation, model, server)
    watch = Watch(span)
    error: BaseException | None = None
    try:
        yield watch
    except BaseException as raised:
        error = raised
        raise
    finally:
        span.ended(error)
        if observer is not None:
            observer(_call(watch, operation, model, error))


def _call(watch: Watch, operation: Operation, model: str, error: BaseException | None) -> Call:
    ended_s = time.perf_counter() if watch.ended_s is None else watch.ended_s
    timings = watch.timings
    return Call(
        operation=operation,
        model=model,
        duration_s=ended_s - watch.began_s,
        whole=timings is not None,
        prompt_tokens=timings.prompt_eval_count if timings else 0,
        answer_tokens=timings.eval_count if timings else 0,
        error=error,
    )
