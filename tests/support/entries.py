"""Indexed entries for tests: invented vectors that say by their direction what they are about."""

import math
import uuid
from datetime import UTC, datetime

from entry_index import Chunk, IndexedEntry

DIMENSION = 8
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def direction(axis, *, lean=0.0):
    """A unit vector along one axis, leaning towards the next."""
    vector = [0.0] * DIMENSION
    vector[axis % DIMENSION] = math.cos(lean)
    vector[(axis + 1) % DIMENSION] = math.sin(lean)
    return tuple(vector)


def indexed_entry(
    *,
    journal="anna",
    entry_id=None,
    revision=1,
    written_at=MONDAY,
    tags=(),
    vectors=((1.0,) + (0.0,) * (DIMENSION - 1),),
):
    chunks = tuple(
        Chunk(number=number, start_char=number * 100, end_char=number * 100 + 90, vector=vector)
        for number, vector in enumerate(vectors)
    )
    return IndexedEntry(journal, entry_id or uuid.uuid4(), revision, written_at, tuple(tags), chunks)
