"""Reading reflections: the newest, one version, or all."""

from uuid import UUID

from contracts.reflections import ReflectionList, ReflectionView
from gateway.db import entries, reflections
from gateway.db.store import Store
from gateway.domain.errors import ReflectionNotFound
from gateway.domain.principals import Principal
from gateway.domain.reflections import Reflection
from gateway.service.read_entries import missing

#: Nobody has asked for more of one entry yet.
VERSIONS_MAX = 100


async def get_reflection(
    store: Store, principal: Principal, journal: str, entry_id: UUID, version: int | None = None
) -> ReflectionView:
    """That version; without, the newest.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        ReflectionNotFound: the entry has none, or not that version.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        if version is None:
            newest = await reflections.list_newest(connection, journal, entry_id, limit=1)
            found = newest[0] if newest else None
        else:
            found = await reflections.get(connection, journal, entry_id, version)
        if found is None:
            if await entries.get(connection, journal, entry_id) is None:
                raise await missing(connection, journal, entry_id)
            raise ReflectionNotFound(entry_id, version)
    return reflection_view(journal, found)


async def list_reflections(store: Store, principal: Principal, journal: str, entry_id: UUID) -> ReflectionList:
    """The newest first, `VERSIONS_MAX` at most. Raises as `get_reflection`, but an entry may have none."""
    principal.require(journal, "read")
    async with store.connection() as connection:
        found = await reflections.list_newest(connection, journal, entry_id, limit=VERSIONS_MAX)
        if not found and await entries.get(connection, journal, entry_id) is None:
            raise await missing(connection, journal, entry_id)
    return ReflectionList(reflections=tuple(reflection_view(journal, one) for one in found))


def reflection_view(journal: str, reflection: Reflection) -> ReflectionView:
    return ReflectionView(
        journal=journal,
        entry_id=reflection.entry_id,
        version=reflection.version,
        revision=reflection.revision,
        state=reflection.state,
        result=reflection.result,
        reason=reflection.reason,
        notice=reflection.notice,
        requested_at=reflection.requested_at,
        updated_at=reflection.updated_at,
    )
