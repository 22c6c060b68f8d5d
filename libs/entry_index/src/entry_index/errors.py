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

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _StatusError(EntryIndexError):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class IndexFailed(_StatusError):
    retryable = True


class IndexNotReady(_StatusError):
    retryable = True


class IndexAccessDenied(_StatusError):
    pass


class IndexRefused(_StatusError):
    pass


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
