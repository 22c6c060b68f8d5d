"""The Qdrant collection of journal entries: schema, upsert, search, erase."""

from entry_index._config import EmbeddingModel, IndexConfig
from entry_index._entries import Chunk, EntryHit, IndexedEntry, SearchFilters, Terms
from entry_index._index import EntryIndex
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
    "EmbeddingModel",
    "EntryHit",
    "EntryIndex",
    "EntryIndexError",
    "IndexAccessDenied",
    "IndexAnswerInvalid",
    "IndexConfig",
    "IndexFailed",
    "IndexNotReady",
    "IndexOverloaded",
    "IndexRefused",
    "IndexTimedOut",
    "IndexUnreachable",
    "IndexedEntry",
    "ModelMismatch",
    "RebuildIncomplete",
    "SearchFilters",
    "Terms",
]
