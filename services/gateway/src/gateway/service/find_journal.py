"""Whether there is a journal, for those who may read it."""

from gateway.db import journals
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal


async def require_readable(store: Store, principal: Principal, journal: str) -> None:
    """Let pass a key that may read the journal.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        if not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
