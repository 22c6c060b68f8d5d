"""Chunks of entries as points, and points as hits."""

from typing import Any
from uuid import UUID, uuid5

from qdrant_client import models

from entry_index._entries import Chunk, EntryHit, IndexedEntry
from entry_index._schema import BM25, DENSE

#: What a hit needs; nothing else leaves the server.
HIT_FIELDS = ["entry_id", "revision", "chunk", "start_char", "end_char"]


def point_id(entry_id: UUID, chunk: int) -> str:
    """The same for every revision: a retry and a revision overwrite, they do not add."""
    return str(uuid5(entry_id, str(chunk)))


def points_of(entry: IndexedEntry) -> list[models.PointStruct]:
    return [_point(entry, chunk) for chunk in entry.chunks]


def hit_of(point: models.ScoredPoint) -> EntryHit:
    payload: dict[str, Any] = point.payload or {}
    return EntryHit(
        entry_id=UUID(payload["entry_id"]),
        revision=payload["revision"],
        score=point.score,
        chunk=payload["chunk"],
        start_char=payload["start_char"],
        end_char=payload["end_char"],
    )


def dense_vector(record: models.Record) -> list[float]:
    """Of a record that was asked for with it."""
    named: Any = record.vector or {}
    return list(named[DENSE])


def _point(entry: IndexedEntry, chunk: Chunk) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {DENSE: list(chunk.vector)}
    if chunk.terms:
        vectors[BM25] = models.SparseVector(indices=list(chunk.terms.indices), values=list(chunk.terms.values))
    return models.PointStruct(
        id=point_id(entry.entry_id, chunk.number),
        vector=vectors,
        payload={
            "journal": entry.journal,
            "entry_id": str(entry.entry_id),
            "revision": entry.revision,
            "chunk": chunk.number,
            "start_char": chunk.start_char,
            "end_char": chunk.end_char,
            "written_at": entry.written_at.isoformat(),
            "tags": list(entry.tags),
        },
    )
