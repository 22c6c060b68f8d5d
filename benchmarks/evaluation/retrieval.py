"""Finding known entries: a query written by hand for each, asked of the gateway's own finder over a real index.

One entry is right for each query, though another may answer it as well: the figures are a lower bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from contracts.search import SearchMode, SearchQuery
from enrichment_worker.embedding import EmbeddedText, embed_texts
from enrichment_worker.pipeline import indexed_entry
from entry_index import EmbeddingModel, EntryIndex, IndexConfig, Lexicon, SearchFilters, query_words
from evaluation.entries import JOURNAL, entry_of
from evaluation.texts import Text
from gateway.service.finder import IndexFinder
from ollama_client import OllamaClient, OllamaConfig
from worker_kit import ModelFacts

MODES: tuple[SearchMode, ...] = get_args(SearchMode)
LEXICON = Lexicon(b"the key of the evaluation")
DEPTH = 10
_BATCH = 32
_TIMEOUT_S = 120.0
#: Shorter words say little.
_CONTENT_CHARS = 4


@dataclass(frozen=True)
class Search:
    #: Of the text that is looked for.
    key: str
    mode: SearchMode
    #: The query has a word of four letters or more that stands in the entry too.
    shares_words: bool
    #: 1 is the first hit; None: not among the first ten.
    rank: int | None


@dataclass(frozen=True)
class RetrievalScore:
    mode: SearchMode
    queries: int
    recall: Mapping[int, float]
    #: Mean of 1 / rank, 0 where the entry is not among the first ten.
    mrr: float


async def run_searches(
    ollama: OllamaConfig, qdrant: str, model: ModelFacts, texts: Sequence[Text], queries: Mapping[str, str]
) -> list[Search]:
    """Index `texts`, then ask each query (by the key of the text that is looked for) in each mode."""
    searches: list[Search] = []
    async with EntryIndex(IndexConfig(url=qdrant, timeout_s=_TIMEOUT_S)) as index:
        await _fill(ollama, index, model, texts)
        finder = IndexFinder(ollama, index, model=model.name, timeout_s=_TIMEOUT_S, lexicon=LEXICON)
        for text in texts:
            if text.key not in queries:
                continue
            query = queries[text.key]
            wanted = entry_of(text).id
            shares = bool(_content(query) & _content(text.body))
            for mode in MODES:
                asked = SearchQuery(query=query, mode=mode, limit=DEPTH)
                found = await finder.find(JOURNAL, asked, SearchFilters(), limit=DEPTH)
                assert found.degraded is None, found.degraded
                searches.append(Search(text.key, mode, shares, _rank([hit.entry_id for hit in found.hits], wanted)))
    return searches


def retrieval_scores(searches: Sequence[Search]) -> list[RetrievalScore]:
    scores: list[RetrievalScore] = []
    for mode in MODES:
        ranks = [one.rank for one in searches if one.mode == mode]
        if ranks:
            recall = {
                depth: sum(rank is not None and rank <= depth for rank in ranks) / len(ranks) for depth in (1, 5, 10)
            }
            scores.append(
                RetrievalScore(mode, len(ranks), recall, sum(1 / rank for rank in ranks if rank) / len(ranks))
            )
    return scores


async def _fill(ollama: OllamaConfig, index: EntryIndex, model: ModelFacts, texts: Sequence[Text]) -> None:
    async with OllamaClient(ollama) as client:
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            found = await embed_texts(client, model, [text.body for text in batch])
            embedded = [(text, each) for text, each in zip(batch, found, strict=True) if isinstance(each, EmbeddedText)]
            dimension = embedded[0][1].dimension
            await index.ensure(EmbeddingModel(model.name, model.digest, dimension), lexicon=LEXICON.mark)
            await index.upsert_many([indexed_entry(entry_of(text), each, LEXICON) for text, each in embedded])


def _rank(hits: Sequence[UUID], wanted: UUID) -> int | None:
    return hits.index(wanted) + 1 if wanted in hits else None


def _content(text: str) -> set[str]:
    return {word for word in query_words(text) if len(word) >= _CONTENT_CHARS}
