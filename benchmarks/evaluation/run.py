"""One evaluation: which texts, which models, in which order."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.moods import MoodRun, by_llm, by_prototypes
from evaluation.reflections import ReflectionRun, reflections
from evaluation.retrieval import Search, run_searches
from evaluation.texts import Text, journal_queries, journal_texts, own_queries, own_texts, sample
from ollama_client import OllamaClient, OllamaConfig
from worker_kit import ModelFacts, model_facts

HALVES = ("tuning", "held out")
#: A reflection takes about three times as long as a mood.
_MOODS_A_REFLECTION = 3
#: A model on a busy machine.
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Chat:
    url: str
    model: str


@dataclass(frozen=True)
class Plan:
    embedding: Chat
    chats: Sequence[Chat]
    journal: Path
    #: Texts whose mood a chat model is asked for; 0 is all of them.
    limit: int
    seed: int
    #: Texts that are embedded; 0 is all of them.
    embedded: int = 0


@dataclass(frozen=True)
class Figures:
    plan: Plan
    embedding: ModelFacts
    sets: Mapping[str, Sequence[Text]]
    #: By set of texts.
    moods: Mapping[str, list[MoodRun]]
    searches: Mapping[str, Sequence[Search]]
    reflections: list[ReflectionRun] = field(default_factory=list)


async def evaluate(plan: Plan, qdrant_url: str) -> Figures:
    """Raises: OllamaError, EntryIndexError: a model or the index is not there, so that there is nothing to measure."""
    sets = {
        name: sample(texts, plan.embedded, plan.seed)
        for name, texts in (("journal", journal_texts(plan.journal)), ("own", own_texts()))
        if texts
    }
    config = _config(plan.embedding)
    moods: dict[str, list[MoodRun]] = {name: [] for name in sets}
    async with OllamaClient(config) as ollama:
        embedding = await model_facts(ollama, plan.embedding.model)
        for name, texts in sets.items():
            moods[name].append(await by_prototypes(ollama, embedding, texts))
    everything = [text for texts in sets.values() for text in texts]
    queries = {"journal": journal_queries(), "own": own_queries()}
    searches = {}
    found = await run_searches(config, qdrant_url, embedding, everything, {**queries["journal"], **queries["own"]})
    for name, texts in sets.items():
        keys = {text.key for text in texts}
        searches[name] = [one for one in found if one.key in keys]
    figures = Figures(plan, embedding, sets, moods, searches)
    for chat in plan.chats:
        await _generate(plan, chat, figures)
    return figures


async def _generate(plan: Plan, chat: Chat, figures: Figures) -> None:
    async with OllamaClient(_config(chat)) as ollama:
        model = await model_facts(ollama, chat.model)
        for name, texts in figures.sets.items():
            figures.moods[name].append(await by_llm(ollama, model, _share(plan, figures, texts, plan.limit)))
        limit = plan.limit // _MOODS_A_REFLECTION or plan.limit
        read = [text for texts in figures.sets.values() for text in _share(plan, figures, texts, limit)]
        # So that a run that is cut short has some of each.
        random.Random(plan.seed).shuffle(read)
        figures.reflections.append(await reflections(ollama, model, read))


def _share(plan: Plan, figures: Figures, texts: Sequence[Text], limit: int) -> list[Text]:
    """As many of each half of each set."""
    if limit == 0:
        return list(texts)
    each = max(1, limit // (len(HALVES) * len(figures.sets)))
    return [text for half in HALVES for text in sample([text for text in texts if text.half == half], each, plan.seed)]


def _config(chat: Chat) -> OllamaConfig:
    return OllamaConfig(
        base_url=chat.url,
        first_token_timeout_s=_PATIENCE_S,
        between_tokens_timeout_s=_PATIENCE_S,
        total_timeout_s=_PATIENCE_S,
    )
