"""Finding in the index: by meaning, as Ollama's embedding has it, and by words, through the lexicon."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from contracts.search import Degradation, SearchMode, SearchQuery
from entry_index import EntryHit, EntryIndex, EntryIndexError, IndexContents, Lexicon, SearchFilters, Terms
from gateway.domain.errors import LexicalUnavailable, ModelUnavailable, SearchUnavailable
from ollama_client import ModelNotFound, OllamaClient, OllamaConfig, OllamaError, tagged_name


@dataclass(frozen=True)
class Found:
    #: Best first, by `score`.
    hits: list[EntryHit]
    mode: SearchMode
    degraded: Degradation | None = None


class IndexFinder:
    """A `Finder` over an index that is open in this loop.

    The Ollama client is opened for each query, in about 2 ms: its guard looks at the address each time, and a host name
    that does not resolve yet (containers start in any order) fails one search instead of the gateway's start.
    """

    def __init__(
        self, ollama: OllamaConfig, index: EntryIndex, *, model: str, timeout_s: float, lexicon: Lexicon | None = None
    ) -> None:
        self._ollama = ollama
        self._index = index
        self._model = model
        self._timeout_s = timeout_s
        self._lexicon = lexicon

    @property
    def model(self) -> str:
        return self._model

    async def find(self, journal: str, search: SearchQuery, filters: SearchFilters, *, limit: int) -> Found:
        """Nothing as long as nothing was ever indexed.

        A hybrid search goes on with one half where the other cannot be had, and says so.

        Raises:
            ModelUnavailable: Ollama is away, slow, or has no such model; and words alone were not asked for.
            LexicalUnavailable: words alone were asked for, and the index has none that can be compared.
            SearchUnavailable: Qdrant is away, or holds vectors of another model.
        """
        contents = await self._contents()
        if contents is None:
            return Found([], search.mode)
        lexicon = self._lexicon if self._lexicon and contents.lexicon == self._lexicon.mark else None
        match search.mode:
            case "dense":
                vector = await self._embed(search.query, within_s=self._timeout_s)
                return Found(await self._search(journal, vector, None, filters, limit), "dense")
            case "lexical":
                if lexicon is None:
                    raise LexicalUnavailable
                return await self._by_words(journal, search.query, lexicon, filters, limit)
            case "hybrid":
                return await self._by_both(journal, search.query, lexicon, filters, limit)

    async def similar(
        self, journal: str, entry_id: UUID, revision: int, filters: SearchFilters, *, limit: int
    ) -> list[EntryHit] | None:
        """The entries nearest to one that is indexed; None where this revision of it is not.

        Raises:
            SearchUnavailable: Qdrant is away, or holds vectors of another model.
        """
        if await self._contents() is None:
            return None
        try:
            return await self._index.similar(journal, entry_id, revision, limit=limit, filters=filters)
        except EntryIndexError as error:
            raise _no_answer(error) from error

    async def lexicon_to_fill(self) -> str | None:
        """The mark by which all entries should be indexed; None where the workers cannot, or who knows.

        Raises:
            SearchUnavailable: Qdrant is away, or holds vectors of another model.
        """
        if self._lexicon is None:
            return None
        contents = await self._contents()
        return self._lexicon.mark if contents and contents.lexicon in {None, self._lexicon.mark} else None

    async def ping_model_server(self) -> None:
        """Raises OllamaError while Ollama does not answer."""
        async with OllamaClient(self._ollama) as ollama:
            await ollama.version()

    async def ping_index(self) -> None:
        """Raises EntryIndexError while Qdrant does not answer."""
        await self._index.current_model()

    async def _by_words(self, journal: str, query: str, lexicon: Lexicon, filters: SearchFilters, limit: int) -> Found:
        hits = await self._search(journal, None, lexicon.query_terms(journal, query), filters, limit)
        # No number of bm25 means "good" by itself; beside the best hit it does.
        best = max((hit.score for hit in hits), default=1.0)
        return Found([replace(hit, score=hit.score / best) for hit in hits], "lexical")

    async def _by_both(
        self, journal: str, query: str, lexicon: Lexicon | None, filters: SearchFilters, limit: int
    ) -> Found:
        if lexicon is None:
            vector = await self._embed(query, within_s=self._timeout_s)
            hits = await self._search(journal, vector, None, filters, limit)
            return Found(hits, "dense", degraded="lexical_unavailable")
        try:
            # Who waits for a search had rather have half of it than wait to the end.
            vector = await self._embed(query, within_s=self._timeout_s / 2)
        except ModelUnavailable:
            found = await self._by_words(journal, query, lexicon, filters, limit)
            return replace(found, degraded="model_unavailable")
        return Found(await self._search(journal, vector, lexicon.query_terms(journal, query), filters, limit), "hybrid")

    async def _contents(self) -> IndexContents | None:
        try:
            contents = await self._index.contents()
        except EntryIndexError as error:
            raise SearchUnavailable("the index does not answer") from error
        if contents and contents.model and tagged_name(contents.model.name) != tagged_name(self._model):
            # Vectors of two models cannot be compared, even where their lengths are equal.
            raise SearchUnavailable(
                f"the index holds vectors of {contents.model.name}, queries are embedded by {self._model}"
            )
        return contents

    async def _embed(self, query: str, *, within_s: float) -> list[float]:
        try:
            async with asyncio.timeout(within_s), OllamaClient(self._ollama) as ollama:
                answer = await ollama.embed(self._model, [query])
        except TimeoutError as error:
            raise ModelUnavailable(f"no answer within {within_s:g} s") from error
        except ModelNotFound as error:
            raise ModelUnavailable(str(error)) from error
        except OllamaError as error:
            raise ModelUnavailable(f"the model server gave no embedding: {type(error).__name__}") from error
        return answer.vectors[0]

    async def _search(
        self, journal: str, vector: list[float] | None, terms: Terms | None, filters: SearchFilters, limit: int
    ) -> list[EntryHit]:
        try:
            return await self._index.search(journal, vector, terms=terms, limit=limit, filters=filters)
        except EntryIndexError as error:
            raise _no_answer(error) from error


def _no_answer(error: EntryIndexError) -> SearchUnavailable:
    return SearchUnavailable(f"the index gave no answer: {type(error).__name__}")
