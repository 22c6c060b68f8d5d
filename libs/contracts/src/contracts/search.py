"""Searching one journal by meaning."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from contracts.entries import Tag, storable
from contracts.model import Request, Value
from contracts.moments import Moment

QUERY_MAX_BYTES = 2048
SEARCH_MAX_HITS = 50


class SearchQuery(Request):
    query: str
    limit: Annotated[int, Field(ge=1, le=SEARCH_MAX_HITS)] = 10
    #: Only entries written at or after / before this moment.
    written_from: Moment | None = None
    written_to: Moment | None = None
    #: Only entries that carry all of these.
    tags: Annotated[tuple[Tag, ...], Field(max_length=32)] = ()

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
        return self


class SearchHit(Value):
    entry_id: UUID
    revision: int
    written_at: datetime
    tags: tuple[str, ...]
    #: Cosine similarity of the query and the best passage, -1..1.
    score: float
    #: The passage that matched, cut to a readable length.
    snippet: str


class SearchAnswer(Value):
    hits: tuple[SearchHit, ...]
    #: The embedding model that ranked the hits.
    model: str
