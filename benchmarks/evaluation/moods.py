"""The moods that the enrichment worker's own functions give to texts."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from contracts.enrichments import MoodMethod, MoodResult, Provenance
from enrichment_worker.exemplars import load_exemplars
from enrichment_worker.mood_llm import infer_by_llm, load_prompt
from enrichment_worker.mood_prototypes import infer_by_prototypes
from evaluation.scores import Outcome
from evaluation.texts import Text
from ollama_client import InvalidAnswer, OllamaClient
from worker_kit import ModelFacts

CONTEXT_TOKENS = 4096


@dataclass(frozen=True)
class MoodRun:
    method: MoodMethod
    model: ModelFacts
    prompt_version: str
    outcomes: tuple[Outcome, ...]
    mean_ms: float


async def by_prototypes(ollama: OllamaClient, model: ModelFacts, texts: Sequence[Text]) -> MoodRun:
    outcomes = await _each(texts, lambda text: infer_by_prototypes(ollama, model, text.body))
    return MoodRun("prototypes", model, load_exemplars().version, outcomes, _mean_ms(outcomes))


async def by_llm(ollama: OllamaClient, model: ModelFacts, texts: Sequence[Text]) -> MoodRun:
    outcomes = await _each(texts, lambda text: infer_by_llm(ollama, model, text.body, context_tokens=CONTEXT_TOKENS))
    return MoodRun("llm", model, load_prompt().version, outcomes, _mean_ms(outcomes))


async def _each(texts: Sequence[Text], infer: Callable[[Text], Awaitable[MoodResult]]) -> tuple[Outcome, ...]:
    """One after another, as a worker with one slot would."""
    outcomes: list[Outcome] = []
    for number, text in enumerate(texts, start=1):
        try:
            outcomes.append(Outcome(text, await infer(text)))
        except InvalidAnswer:
            outcomes.append(Outcome(text, None))
        if number % 20 == 0:
            print(f"{number} of {len(texts)} moods", file=sys.stderr, flush=True)
    return tuple(outcomes)


def _mean_ms(outcomes: Sequence[Outcome]) -> float:
    provenances: list[Provenance] = [one.mood.provenance for one in outcomes if one.mood]
    return sum(each.inference_ms for each in provenances) / max(1, len(provenances))
