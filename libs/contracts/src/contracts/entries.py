"""Entries as clients send and see them, over HTTP and NATS alike."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints, field_validator, model_validator

from contracts.care import CareView
from contracts.enrichments import EnrichmentKind, EnrichmentView
from contracts.identifiers import JournalName
from contracts.model import Request, Value
from contracts.moments import Moment
from contracts.own_moods import OwnMood, OwnMoodView

BODY_MAX_BYTES = 256 * 1024
METADATA_MAX_BYTES = 4 * 1024
#: Clocks of phones are wrong by minutes, not by days.
CLOCK_SKEW = timedelta(days=1)

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]


class EntryDraft(Request):
    """What its writer gives: body, when it was written (with the writer's time zone), tags, free metadata, own mood."""

    body: str
    written_at: Moment | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=32)] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    mood: OwnMood | None = None

    @field_validator("body")
    @classmethod
    def _storable_text(cls, body: str) -> str:
        if not body.strip():
            raise ValueError("must not be empty")
        return storable(body, BODY_MAX_BYTES)

    @field_validator("tags")
    @classmethod
    def _distinct_storable_tags(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(storable(tag, BODY_MAX_BYTES) for tag in tags))

    @field_validator("metadata")
    @classmethod
    def _small_metadata(cls, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        try:
            text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
        except ValueError:
            raise ValueError("must be JSON without NaN or Infinity") from None
        storable(text.replace("\\u0000", "\x00"), METADATA_MAX_BYTES)
        return metadata

    @model_validator(mode="after")
    def _not_from_the_future(self) -> Self:
        if self.written_at is not None and self.written_at > datetime.now(UTC) + CLOCK_SKEW:
            raise ValueError("written_at must not lie in the future")
        return self


class EntryView(Value):
    """An entry as it is now."""

    id: UUID
    journal: JournalName
    revision: int
    body: str
    written_at: datetime
    tags: tuple[str, ...]
    metadata: dict[str, JsonValue]
    created_at: datetime
    updated_at: datetime
    #: The mood that its writer gave. The inferred one is `enrichments.mood`; neither ever replaces the other.
    own_mood: OwnMoodView | None = None
    #: Set where the entry speaks of suicide or self-harm: show its text. No reflection is written on such an entry.
    care: CareView | None = None
    enrichments: dict[EnrichmentKind, EnrichmentView]


class EntryPage(Value):
    entries: tuple[EntryView, ...]
    #: Opaque; None on the last page.
    next_cursor: str | None = None


def storable(text: str, limit_bytes: int) -> str:
    """The text itself, if PostgreSQL can hold it and it is within the limit.

    Raises:
        ValueError: NUL, a lone surrogate, or more than `limit_bytes` of UTF-8. Never quotes the text.
    """
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode (found a lone surrogate)") from None
    if size > limit_bytes:
        raise ValueError(f"must be at most {limit_bytes} bytes of UTF-8, not {size}")
    return text
