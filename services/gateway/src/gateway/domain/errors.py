"""Everything the gateway may answer besides what was asked for.

GatewayError                 status  slug
|-- RequestInvalid              422  request-invalid          fields are wrong; `errors` says which
|-- CursorInvalid               422  cursor-invalid           the cursor is not one of ours
|-- TimeZoneUnknown             422  time-zone-unknown        the database does not know it
|-- TimelineTooLong             422  timeline-too-long        the range has more buckets than one answer may hold
|-- IdempotencyKeyInvalid       422  idempotency-key-invalid  empty, too long or not printable ASCII
|-- KeyInvalid                  401  key-invalid              no key, or none that is known
|-- ScopeMissing                403  scope-missing            the key may not do this
|-- JournalNotFound             404  journal-not-found        there is none, or not for this key
|-- EntryNotFound               404  entry-not-found          there is none, or it was erased
|-- ReflectionNotFound          404  reflection-not-found     the entry has none, or not that version
|-- ReportNotFound              404  report-not-found         there is none, or it was erased
|-- RevisionMismatch            412  revision-mismatch        the entry has moved on
|-- AskInProgress               429  ask-in-progress          this key has a question that is being answered
|-- IdempotencyInFlight         409  idempotency-in-flight    the first request with this key is not done yet
|-- EntryNotIndexed             409  entry-not-indexed        the entry has no vector yet that could be compared
|-- IdempotencyMismatch         422  idempotency-mismatch     this key was used for another request
`-- Unavailable
    |-- AskBusy                 503  ask-busy                 as many questions as may be are being answered
    |-- ChatModelUnavailable    503  chat-model-unavailable   the model that writes answers cannot be used now
    |-- ModelUnavailable        503  model-unavailable        the model server cannot embed the query now
    |-- LexicalUnavailable      503  lexical-unavailable      the index has no words that can be compared
    |-- EventsUnavailable       503  events-unavailable       the event stream cannot be read now
    |-- TooManyStreams          503  too-many-streams         this gateway has as many streams open as it may
    |-- SearchUnavailable       503  search-unavailable       the index is away, or holds vectors of another model
    `-- StoreUnavailable        503  store-unavailable        PostgreSQL does not answer

Messages are shown to clients: they hold ids and names, never a word of an entry.
"""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from contracts.api import FieldProblem


class GatewayError(Exception):
    #: Last part of the problem's `type`: stable, clients switch on it.
    slug: ClassVar[str]
    title: ClassVar[str]
    #: As HTTP has it; the NATS API sends the same number.
    status: ClassVar[int]
    #: When trying again makes sense.
    retry_after_s: int | None = None


class RequestInvalid(GatewayError):
    slug, title, status = "request-invalid", "The request is not valid", 422

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.detail}" for error in errors[:3]))
        self.errors = tuple(errors)


class CursorInvalid(GatewayError):
    slug, title, status = "cursor-invalid", "The cursor is not valid", 422

    def __init__(self) -> None:
        super().__init__("Use `next_cursor` of the page before as it is, or leave the cursor out.")


class TimeZoneUnknown(GatewayError):
    slug, title, status = "time-zone-unknown", "The time zone is not known", 422

    def __init__(self) -> None:
        super().__init__("Name a time zone of the IANA database, such as Europe/Berlin.")


class TimelineTooLong(GatewayError):
    slug, title, status = "timeline-too-long", "The range has too many buckets", 422

    def __init__(self, buckets: int, *, buckets_max: int) -> None:
        super().__init__(
            f"The range has {buckets} buckets; one answer holds {buckets_max}. Ask for less, or for larger ones."
        )
        self.buckets = buckets
        self.buckets_max = buckets_max


class IdempotencyKeyInvalid(GatewayError):
    slug, title, status = "idempotency-key-invalid", "The idempotency key is not valid", 422

    def __init__(self, limit_chars: int) -> None:
        super().__init__(f"An idempotency key has 1 to {limit_chars} printable ASCII characters.")


class KeyInvalid(GatewayError):
    slug, title, status = "key-invalid", "A valid API key is needed", 401

    def __init__(self) -> None:
        super().__init__("Send `Authorization: Bearer dbk_...` with a key that this gateway knows.")


class ScopeMissing(GatewayError):
    slug, title, status = "scope-missing", "The API key may not do this", 403

    def __init__(self, any_of: Sequence[str]) -> None:
        super().__init__(f"The key needs the scope {' or '.join(any_of)}.")
        self.any_of = tuple(any_of)


class JournalNotFound(GatewayError):
    slug, title, status = "journal-not-found", "There is no such journal", 404

    def __init__(self, journal: str) -> None:
        super().__init__(f"journal {journal!r}")
        self.journal = journal


class EntryNotFound(GatewayError):
    slug, title, status = "entry-not-found", "There is no such entry", 404

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(f"entry {entry_id}")
        self.entry_id = entry_id


class ReflectionNotFound(GatewayError):
    slug, title, status = "reflection-not-found", "There is no such reflection", 404

    def __init__(self, entry_id: UUID, version: int | None = None) -> None:
        which = "none was asked for yet" if version is None else f"no version {version}"
        super().__init__(f"entry {entry_id}: {which}")
        self.entry_id = entry_id
        self.version = version


class ReportNotFound(GatewayError):
    slug, title, status = "report-not-found", "There is no such report", 404

    def __init__(self, report_id: UUID) -> None:
        super().__init__(f"report {report_id}")
        self.report_id = report_id


class RevisionMismatch(GatewayError):
    slug, title, status = "revision-mismatch", "The entry has been changed meanwhile", 412

    def __init__(self, entry_id: UUID, *, expected: int, actual: int) -> None:
        super().__init__(f"entry {entry_id} is at revision {actual}, not {expected}")
        self.entry_id = entry_id
        self.expected = expected
        self.actual = actual


class EntryNotIndexed(GatewayError):
    slug, title, status = "entry-not-indexed", "The entry is not in the search index yet", 409
    retry_after_s = 5

    def __init__(self, entry_id: UUID, revision: int) -> None:
        super().__init__(f"entry {entry_id} at revision {revision}: see its enrichment `embedding`")
        self.entry_id = entry_id
        self.revision = revision


class IdempotencyInFlight(GatewayError):
    slug, title, status = "idempotency-in-flight", "The first request with this idempotency key is not done yet", 409
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("Send the same request again in a moment.")


class IdempotencyMismatch(GatewayError):
    slug, title, status = "idempotency-mismatch", "This idempotency key was used for another request", 422

    def __init__(self) -> None:
        super().__init__("Use a new key for a new request.")


class AskInProgress(GatewayError):
    slug, title, status = "ask-in-progress", "Another question of this API key is being answered", 429
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("One question at a time: wait for its end, or close its stream.")


class Unavailable(GatewayError):
    """Nothing is wrong with the request: the same one may succeed later."""

    status = 503
    retry_after_s = 5


class ModelUnavailable(Unavailable):
    slug, title = "model-unavailable", "The embedding model cannot be used now"


class AskBusy(Unavailable):
    slug, title = "ask-busy", "As many questions as may be are being answered"

    def __init__(self) -> None:
        super().__init__("Ask again in a moment.")


class ChatModelUnavailable(Unavailable):
    slug, title = "chat-model-unavailable", "The model that writes answers cannot be used now"


class LexicalUnavailable(Unavailable):
    slug, title = "lexical-unavailable", "Words cannot be searched for now"

    def __init__(self) -> None:
        super().__init__("Lexical search is switched off, or the index is being filled anew. Other modes go on.")


class SearchUnavailable(Unavailable):
    slug, title = "search-unavailable", "The search index cannot be used now"


class EventsUnavailable(Unavailable):
    slug, title = "events-unavailable", "Events cannot be followed now"

    def __init__(self) -> None:
        super().__init__("NATS does not answer. Nothing is lost: ask again with the same `Last-Event-ID`.")


class TooManyStreams(Unavailable):
    slug, title = "too-many-streams", "There are too many streams"

    def __init__(self, streams_max: int) -> None:
        super().__init__(f"This gateway serves {streams_max} at the same time. Ask again, or ask another one.")
        self.streams_max = streams_max


class StoreUnavailable(Unavailable):
    slug, title = "store-unavailable", "The database cannot be used now"

    def __init__(self) -> None:
        # The connection may have broken during the commit.
        super().__init__(
            "Send the same request again in a moment, with the same `Idempotency-Key`: whether something was stored is"
            " not known."
        )
