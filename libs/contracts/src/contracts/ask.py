"""Asking a journal: the question, and the events that answer it. Nothing of it is stored."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, field_validator

from contracts.care import CareView
from contracts.enrichments import Provenance
from contracts.entries import Tag, storable
from contracts.journals import TimeZone
from contracts.model import Request, Value
from contracts.search import Degradation

QUESTION_MAX_BYTES = 1024

#: `answer`: the model's, with a citation at least. `nothing`: the journal does not say. `unsupported`: the model wrote
#: something that cites no entry, and that is not shown. `care`: a text with help lines instead of an answer.
#: `interrupted`: the model went away; the text is as far as it came.
AskSays = Literal["answer", "nothing", "unsupported", "care", "interrupted"]
#: Why there is no whole answer: no entry is near enough, and no model was asked; the model found it in none of the
#: entries; it cited none; it was stopped, as an answer has an end; it failed.
AskReason = Literal["nothing_near", "not_in_entries", "no_citation", "too_long", "model_failed", "model_slow"]


class AskQuestion(Request):
    question: str
    #: Whose "yesterday" it is. Without, the journal's.
    time_zone: TimeZone | None = None
    #: Only entries that carry all of these.
    tags: Annotated[tuple[Tag, ...], Field(max_length=32)] = ()

    @field_validator("question")
    @classmethod
    def _usable_question(cls, question: str) -> str:
        if not question.strip():
            raise ValueError("must not be empty")
        return storable(question, QUESTION_MAX_BYTES)


class UnderstoodPeriod(Value):
    """What of the question was read as a time: entries written at or after, and before. Null where it has no bound."""

    written_from: datetime | None = None
    written_to: datetime | None = None


class FoundEntry(Value):
    entry_id: UUID
    revision: int
    written_at: datetime


class FoundEntries(Value):
    """The entries that the model is shown, the nearest first."""

    event: Literal["found"] = "found"
    entries: tuple[FoundEntry, ...]
    #: Null where the question names no time that is understood.
    understood: UnderstoodPeriod | None = None
    #: Why they were searched for by one half of a hybrid search alone.
    degraded: Degradation | None = None


class AnswerWritten(Value):
    """More of the answer: it goes on at `at`, in code points. Marks of citations are not in it."""

    event: Literal["written"] = "written"
    at: int
    text: str


class Citation(Value):
    """`length` code points of the answer from `at` on, and the entries that say so."""

    at: int
    length: int
    entry_ids: tuple[UUID, ...]


class AnswerCited(Value):
    event: Literal["cited"] = "cited"
    citation: Citation


class AskEnded(Value):
    """The last one: everything again."""

    event: Literal["ended"] = "ended"
    says: AskSays
    #: The whole answer; a fixed sentence where there is none. Of one that is `too_long`, what is whole of it.
    text: str
    citations: tuple[Citation, ...] = ()
    #: Citations of entries that were not shown to the model: taken out.
    citations_removed: int = 0
    reason: AskReason | None = None
    #: With `care`; also beside an answer for which some entries were left out.
    care: CareView | None = None
    #: Null where no model was asked.
    provenance: Provenance | None = None


AskEvent = FoundEntries | AnswerWritten | AnswerCited | AskEnded
