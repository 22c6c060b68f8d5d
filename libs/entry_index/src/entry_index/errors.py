"""What can go wrong with the index.

EntryIndexError
|-- IndexUnreachable     retryable  no connection, or it broke
|-- IndexTimedOut        retryable  no answer within `timeout_s`; a write may have happened all the same
|-- IndexOverloaded      retryable  429; `retry_after_s` says when
|-- IndexFailed          retryable  5xx: the server's own fault
|-- IndexNotReady        retryable  the collection or its alias is not there: nobody called `ensure` yet
|-- IndexAccessDenied    permanent  401, 403: wrong or missing API key
|-- IndexRefused         permanent  any other 4xx: the request is wrong
|-- IndexAnswerInvalid   permanent  an answer that the client does not understand
|-- ModelMismatch        permanent  the index holds another model's vectors; the message has the remedy
`-- RebuildIncomplete    permanent  the new collection holds fewer chunks than it must: the alias stays

A message has addresses, numbers and what helps; a server's own words may quote what it was sent, and are no part of it.
"""

from typing import ClassVar

from entry_index._config import EmbeddingModel


class EntryIndexError(Exception):
    #: Whether the same call may succeed later.
    retryable: ClassVar[bool] = False


class IndexUnreachable(EntryIndexError):
    retryable = True


class IndexTimedOut(EntryIndexError):
    retryable = True


class IndexOverloaded(EntryIndexError):
    retryable = True

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Qdrant answered 429: it has too much to do, for another {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class _StatusError(EntryIndexError):
    """`answer` has the beginning of Qdrant's own words, for whoever looks for the fault: not for a log."""

    remedy: ClassVar[str]

    def __init__(self, status: int, answer: str = "") -> None:
        super().__init__(f"Qdrant answered {status}: {self.remedy}")
        self.status = status
        self.answer = answer


class IndexFailed(_StatusError):
    retryable = True
    remedy = "a fault of its own, of which its log has more"


class IndexNotReady(_StatusError):
    retryable = True
    remedy = "the collection or its alias is not there; whoever writes first makes it"


class IndexAccessDenied(_StatusError):
    remedy = "set the API key that it was given"


class IndexRefused(_StatusError):
    remedy = "it does not take such a request, now or later; its log has more"


class IndexAnswerInvalid(EntryIndexError):
    pass


class ModelMismatch(EntryIndexError):
    def __init__(self, alias: str, configured: EmbeddingModel, indexed: EmbeddingModel | None) -> None:
        there = f"vectors of {indexed}" if indexed else "vectors of a model that it does not name"
        back = f"set the embedding model back to {indexed.name}, or " if indexed else ""
        super().__init__(
            f"The index behind alias {alias!r} holds {there}, but {configured} is configured: their vectors cannot be "
            f"compared. To go on, {back}rebuild the index for {configured.name} "
            "(docs/operations.md, Changing a model): search stays up on the old one meanwhile."
        )
        self.configured = configured
        self.indexed = indexed


class RebuildIncomplete(EntryIndexError):
    def __init__(self, collection: str, found: int, least_chunks: int) -> None:
        super().__init__(f"{collection} holds {found} chunks of at least {least_chunks}: the alias was not switched")
        self.found = found
        self.least_chunks = least_chunks
