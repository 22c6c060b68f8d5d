"""Making a journal."""

from gateway.db import journals
from gateway.db.store import Store
from gateway.domain.principals import Principal


async def put_journal(store: Store, principal: Principal, journal: str) -> bool:
    """True if the journal is new; it is there afterwards in any case.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write", "admin")
    async with store.transaction() as connection:
        return await journals.insert(connection, journal)
