"""A model call's span, for programs that have OpenTelemetry on; it costs microseconds in those that have not.

Names, counts and the server's address: never a prompt, an answer or a schema. The span is the current one's child and
never current itself: a stream may be left in another context than it was begun in.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from time import perf_counter

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from ollama_client._models import ChatChunk, Embeddings, GenerateChunk, Timings

_TRACER = trace.get_tracer("ollama_client")
_OPERATIONS = {"embed": "embeddings", "chat": "chat", "generate": "text_completion"}
#: The server's words, which are repeated only where they are known.
_FINISHES = frozenset({"stop", "length", "load", "unload"})


class CallSpan:
    """`server` is a host and a port."""

    def __init__(self, operation: str, model: str, server: tuple[str, int]) -> None:
        name = _OPERATIONS[operation]
        self._span: Span = _TRACER.start_span(
            f"{name} {model}",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": name,
                "gen_ai.provider.name": "ollama",
                "gen_ai.request.model": model,
                "server.address": server[0],
                "server.port": server[1],
            },
        )
        self._began_s = perf_counter()

    def first_chunk(self) -> None:
        self._span.set_attribute("gen_ai.request.stream", True)
        self._span.set_attribute("gen_ai.response.time_to_first_chunk", perf_counter() - self._began_s)

    def answered(self, answer: Timings) -> None:
        """Whole: what the caller does with it later is no part of it."""
        span = self._span
        if not span.is_recording():
            return
        span.set_attribute("gen_ai.usage.input_tokens", answer.prompt_eval_count)
        match answer:
            case Embeddings(model=model, vectors=vectors):
                span.set_attribute("gen_ai.response.model", model)
                span.set_attribute("gen_ai.embeddings.dimension.count", len(vectors[0]) if vectors else 0)
            case ChatChunk(model=model, done_reason=reason) | GenerateChunk(model=model, done_reason=reason):
                span.set_attribute("gen_ai.response.model", model)
                span.set_attribute("gen_ai.usage.output_tokens", answer.eval_count)
                if reason in _FINISHES:
                    span.set_attribute("gen_ai.response.finish_reasons", [reason])
            case _:
                pass
        span.end()

    def ended(self, error: BaseException | None) -> None:
        """However the call ended; nothing where it was answered before."""
        if not self._span.is_recording():
            return
        # A stream that its reader has had enough of is left by one of these, or by none.
        if error is not None and not isinstance(error, GeneratorExit):
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
