"""The Qdrant collection of journal entries: schema, upsert, search, erase."""

from entry_index._config import EmbeddingModel, IndexCall, IndexConfig, IndexContents
from entry_index._entries import Chunk, ChunkVector, EntryHit, IndexedEntry, IndexedRevision, SearchFilters, Terms
from entry_index._index import EntryIndex
from entry_index._lexicon import Lexicon
from entry_index._words import Word, query_words, words_of
from entry_index.errors import (
    EntryIndexError,
    IndexAccessDenied,
    IndexAnswerInvalid,
    IndexFailed,
    IndexNotReady,
    IndexOverloaded,
    IndexRefused,
    IndexTimedOut,
    IndexUnreachable,
    ModelMismatch,
    RebuildIncomplete,
)

__all__ = [
    "Chunk",
    "ChunkVector",
    "EmbeddingModel",
    "EntryHit",
    "EntryIndex",
    "EntryIndexError",
    "IndexAccessDenied",
    "IndexAnswerInvalid",
    "IndexCall",
    "IndexConfig",
    "IndexContents",
    "IndexFailed",
    "IndexNotReady",
    "IndexOverloaded",
    "IndexRefused",
    "IndexTimedOut",
    "IndexUnreachable",
    "IndexedEntry",
    "IndexedRevision",
    "Lexicon",
    "ModelMismatch",
    "RebuildIncomplete",
    "SearchFilters",
    "Terms",
    "Word",
    "query_words",
    "words_of",
]
