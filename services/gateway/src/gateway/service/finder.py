"""Finding by meaning: the query is embedded by Ollama, its neighbours come from Qdrant."""

import asyncio

from contracts.search import SearchQuery
from entry_index import EntryHit, EntryIndex, EntryIndexError, SearchFilters
from gateway.domain.errors import ModelUnavailable, SearchUnavailable
from ollama_client import ModelNotFound, OllamaClient, OllamaConfig, OllamaError


class OllamaFinder:
    """A `Finder` over an index that is open in this loop.

    The Ollama client is opened for each query, in about 2 ms: its guard looks at the address each time, and a host name
    that does not resolve yet (containers start in any order) fails one search instead of the gateway's start.
    """

    def __init__(self, ollama: OllamaConfig, index: EntryIndex, *, model: str, timeout_s: float) -> None:
        self._ollama = ollama
        self._index = index
        self._model = model
        self._timeout_s = timeout_s

    @property
    def model(self) -> str:
        return self._model

    async def find(self, journal: str, search: SearchQuery) -> list[EntryHit]:
        """Empty as long as nothing was ever indexed.

        Raises:
            ModelUnavailable: Ollama is away, slow, or has no such model.
            SearchUnavailable: Qdrant is away, or holds vectors of another model.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                if not await self._is_filled():
                    return []
                vector = await self._embed(search.query)
                return await self._nearest(journal, vector, search)
        except TimeoutError as error:
            raise ModelUnavailable(f"no answer within {self._timeout_s:g} s") from error

    async def ping_model_server(self) -> None:
        """Raises OllamaError while Ollama does not answer."""
        async with OllamaClient(self._ollama) as ollama:
            await ollama.version()

    async def ping_index(self) -> None:
        """Raises EntryIndexError while Qdrant does not answer."""
        await self._index.current_model()

    async def _is_filled(self) -> bool:
        try:
            indexed = await self._index.current_model()
        except EntryIndexError as error:
            raise SearchUnavailable("the index does not answer") from error
        if indexed is not None and _tagged(indexed.name) != _tagged(self._model):
            # Vectors of two models cannot be compared, even where their lengths are equal.
            raise SearchUnavailable(f"the index holds vectors of {indexed.name}, queries are embedded by {self._model}")
        return indexed is not None

    async def _embed(self, query: str) -> list[float]:
        try:
            async with OllamaClient(self._ollama) as ollama:
                answer = await ollama.embed(self._model, [query])
        except ModelNotFound as error:
            raise ModelUnavailable(str(error)) from error
        except OllamaError as error:
            raise ModelUnavailable(f"the model server gave no embedding: {type(error).__name__}") from error
        return answer.vectors[0]

    async def _nearest(self, journal: str, vector: list[float], search: SearchQuery) -> list[EntryHit]:
        filters = SearchFilters(search.written_from, search.written_to, search.tags)
        try:
            return await self._index.search(journal, vector, limit=search.limit, filters=filters)
        except EntryIndexError as error:
            raise SearchUnavailable(f"the index gave no answer: {type(error).__name__}") from error


def _tagged(model: str) -> str:
    """Ollama takes a name without a tag for `:latest`."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"
