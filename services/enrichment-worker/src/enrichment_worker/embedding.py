"""From texts to vectors: passages of many texts in as few calls as their number allows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ollama_client import BadRequest, ContextOverflow, OllamaClient, OllamaError
from worker_kit import PASSAGE_TOKENS, SMALLEST_PASSAGE_TOKENS, ModelFacts, Span, split

#: Passages in one call: bounds its memory and how long a cancelled one runs on.
CALL_PASSAGES = 64


@dataclass(frozen=True)
class EmbeddedText:
    spans: tuple[Span, ...]
    #: (len(spans), dimension)
    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int
    inference_ms: float

    @property
    def dimension(self) -> int:
        return len(self.vectors[0])


async def embed_texts(
    ollama: OllamaClient, model: ModelFacts, texts: Sequence[str]
) -> list[EmbeddedText | OllamaError]:
    """A result or a fault for each text, in order. A text the model refuses spoils none of the others.

    Raises:
        OllamaError: one that is of the server and not of a text (retryable, or the model is missing).
    """
    limit = _passage_limit(model)
    spans = [split(text, limit_tokens=limit) for text in texts]
    passages = [text[span.start : span.end] for text, cut in zip(texts, spans, strict=True) for span in cut]
    try:
        vectors, tokens, took_ms = await _embed_passages(ollama, model, passages)
    except (ContextOverflow, BadRequest):
        return [await _embed_one(ollama, model, text, limit) for text in texts]
    results: list[EmbeddedText | OllamaError] = []
    begin = 0
    for cut in spans:
        share = len(cut) / len(passages)
        results.append(
            EmbeddedText(tuple(cut), tuple(vectors[begin : begin + len(cut)]), round(tokens * share), took_ms * share)
        )
        begin += len(cut)
    return results


async def _embed_one(ollama: OllamaClient, model: ModelFacts, text: str, limit: int) -> EmbeddedText | OllamaError:
    """One text alone, in ever smaller passages while the model says they are too long."""
    try:
        spans = split(text, limit_tokens=limit)
        passages = [text[span.start : span.end] for span in spans]
        vectors, tokens, took_ms = await _embed_passages(ollama, model, passages)
    except ContextOverflow as error:
        if limit <= SMALLEST_PASSAGE_TOKENS:
            return error
        return await _embed_one(ollama, model, text, limit // 2)
    except BadRequest as error:
        return error
    return EmbeddedText(tuple(spans), tuple(vectors), tokens, took_ms)


async def _embed_passages(
    ollama: OllamaClient, model: ModelFacts, passages: Sequence[str]
) -> tuple[list[tuple[float, ...]], int, float]:
    """Vectors, tokens read, and milliseconds that the caller waited."""
    vectors: list[tuple[float, ...]] = []
    tokens = 0
    began_s = time.perf_counter()
    for first in range(0, len(passages), CALL_PASSAGES):
        answer = await ollama.embed(model.name, passages[first : first + CALL_PASSAGES], truncate=False)
        vectors.extend(map(tuple, answer.vectors))
        tokens += answer.prompt_eval_count
    return vectors, tokens, (time.perf_counter() - began_s) * 1000


def _passage_limit(model: ModelFacts) -> int:
    """Within the model's window, with room for what the estimate misses."""
    return min(PASSAGE_TOKENS, model.context_tokens * 7 // 10) if model.context_tokens else PASSAGE_TOKENS
