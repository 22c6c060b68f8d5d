"""Which journals a key may touch."""

from gateway.db import journals
from gateway.db.journals import Journal
from gateway.db.store import Store
from gateway.domain.errors import ScopeMissing
from gateway.domain.principals import Principal, Scope

_ANY_OF: tuple[Scope, ...] = ("read", "write", "admin")


async def list_journals(store: Store, principal: Principal) -> list[Journal]:
    """By name. Those of other keys are not among them.

    Raises:
        ScopeMissing: the key has none of the scopes that work with journals.
        StoreUnavailable: PostgreSQL is away.
    """
    if principal.scopes.isdisjoint(_ANY_OF):
        raise ScopeMissing(_ANY_OF)
    async with store.connection() as connection:
        return await journals.list_among(connection, principal.journals)
