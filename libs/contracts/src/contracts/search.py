"""Searching one journal, by meaning and by words."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from contracts.enrichments import MoodLabel
from contracts.entries import Tag, storable
from contracts.model import Request, Value
from contracts.moments import Moment
from contracts.own_moods import Valence

QUERY_MAX_BYTES = 2048
SEARCH_MAX_HITS = 50


#: By meaning (dense vectors), by words (bm25), or by both, whose scores are fused.
SearchMode = Literal["hybrid", "dense", "lexical"]
#: Why a hybrid search was answered by one half alone: no model server to tell the meaning of the query; or no words to
#: compare, because lexical search is switched off or the index is being filled anew.
Degradation = Literal["model_unavailable", "lexical_unavailable"]


class SearchQuery(Request):
    query: str
    mode: SearchMode = "hybrid"
    limit: Annotated[int, Field(ge=1, le=SEARCH_MAX_HITS)] = 10
    #: Only entries written at or after / before this moment.
    written_from: Moment | None = None
    written_to: Moment | None = None
    #: Only entries that carry all of these.
    tags: Annotated[tuple[Tag, ...], Field(max_length=32)] = ()
    #: Only entries with one of these moods: the writer's own where there is one, else the inferred.
    moods: Annotated[tuple[MoodLabel, ...], Field(max_length=16)] = ()
    #: Only entries whose mood is at least, and at most, so pleasant: -1..1, both ends included.
    valence_from: Valence | None = None
    valence_to: Valence | None = None
    #: Recent entries come a little earlier.
    recency: "Recency | None" = None

    @field_validator("query")
    @classmethod
    def _usable_query(cls, query: str) -> str:
        if not query.strip():
            raise ValueError("must not be empty")
        return storable(query, QUERY_MAX_BYTES)

    @model_validator(mode="after")
    def _ordered_range(self) -> Self:
        if self.written_from and self.written_to and self.written_from >= self.written_to:
            raise ValueError("written_from must lie before written_to")
        if self.valence_from is not None and self.valence_to is not None and self.valence_from > self.valence_to:
            raise ValueError("valence_from must not be above valence_to")
        return self


class Recency(Request):
    """Multiplies each score by `1 - weight * (1 - 0.5 ** (age in days / half_life_days))`."""

    half_life_days: Annotated[float, Field(gt=0, le=36_525)] = 30.0
    #: How much of its score a very old entry loses.
    weight: Annotated[float, Field(gt=0, le=1)] = 0.3


class SearchHit(Value):
    entry_id: UUID
    revision: int
    written_at: datetime
    tags: tuple[str, ...]
    #: What hits are sorted by, comparable within one answer only. Hybrid: fused, 0..1, 1 for the first both by meaning
    #: and by words. Dense: the cosine similarity. Lexical: the share of the best hit's bm25.
    score: float
    scores: "SignalScores"
    #: The passage that matched, cut to a readable length: around the query's words where it has some. White space is
    #: shown as single blanks.
    snippet: str
    #: What the snippet shows lies within these offsets.
    passage: "Span"
    #: The query's words in the snippet, in order.
    highlights: tuple["Highlight", ...] = ()


class Span(Value):
    """Offsets in code points of the entry's body: `body[start:end]`."""

    start: int
    end: int


class Highlight(Span):
    """A word of the query, with its offsets in the snippet too."""

    snippet_start: int
    snippet_end: int


class SignalScores(Value):
    """What the score was made of; null for a signal that was not asked, or that did not find the entry."""

    #: Cosine similarity of the query and the entry's nearest passage, -1..1.
    dense: float | None = None
    #: bm25 of the entry's best passage, from 0, without an upper end.
    lexical: float | None = None
    #: What the score was multiplied by, where recency was asked for.
    recency: float | None = None


class SearchAnswer(Value):
    hits: tuple[SearchHit, ...]
    #: The embedding model that meanings are compared by.
    model: str
    #: How the hits were found: less than was asked for where `degraded` says why.
    mode: SearchMode = "dense"
    degraded: Degradation | None = None
    #: Entries of the journal whose embedding is awaited: as they are now, no search finds them yet. Of the 1,000
    #: enrichments that were asked for last, over all journals; more are not looked through.
    pending: int = 0
