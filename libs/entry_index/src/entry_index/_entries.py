"""What goes into the index and what comes out. No text: hits carry offsets into the entry's body."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Terms:
    """A sparse bm25 vector: numbers of words (unique, see `Lexicon`) and their weights."""

    indices: tuple[int, ...]
    values: tuple[float, ...]

    def __bool__(self) -> bool:
        return bool(self.indices)


@dataclass(frozen=True)
class Chunk:
    #: From 0, in the order of the text.
    number: int
    #: The passage is `body[start_char:end_char]`.
    start_char: int
    end_char: int
    #: `(dimension,)`
    vector: tuple[float, ...]
    #: Without, it is found by its vector alone.
    terms: Terms | None = None


@dataclass(frozen=True)
class IndexedEntry:
    journal: str
    entry_id: UUID
    revision: int
    written_at: datetime
    tags: tuple[str, ...]
    #: All chunks of this revision, numbered 0, 1, 2 ...
    chunks: tuple[Chunk, ...]

    def __post_init__(self) -> None:
        if self.written_at.tzinfo is None:
            raise ValueError("written_at must carry a time zone")
        if [chunk.number for chunk in self.chunks] != list(range(len(self.chunks))):
            raise ValueError("chunks must be numbered 0, 1, 2 ... in order")


@dataclass(frozen=True)
class SearchFilters:
    #: Entries written at or after this moment.
    written_from: datetime | None = None
    #: Entries written before this moment.
    written_to: datetime | None = None
    #: Entries that carry all of these.
    tags: tuple[str, ...] = ()
    #: These entries alone; None for any.
    entry_ids: tuple[UUID, ...] | None = None

    def __post_init__(self) -> None:
        if any(bound is not None and bound.tzinfo is None for bound in (self.written_from, self.written_to)):
            raise ValueError("written_from and written_to must carry a time zone")


@dataclass(frozen=True)
class EntryHit:
    """An entry, by its best chunk."""

    entry_id: UUID
    revision: int
    #: Higher is better, within one answer. Cosine similarity where a vector alone was searched for, bm25 where terms
    #: alone were, and the fused score, 0..1, where both were.
    score: float
    chunk: int
    start_char: int
    end_char: int
    #: Cosine similarity of the query and the entry's nearest chunk, -1..1; None where it was not among the nearest.
    dense: float | None = None
    #: The bm25 score of the entry's best chunk; None where it was not among the best.
    bm25: float | None = None


@dataclass(frozen=True)
class ChunkVector:
    """One passage's place in meaning."""

    entry_id: UUID
    revision: int
    #: `(dimension,)`
    vector: list[float]


@dataclass(frozen=True)
class IndexedRevision:
    """That there are points of this revision of an entry."""

    journal: str
    entry_id: UUID
    revision: int
