"""Reading reflections: the newest, one version, or all."""

from collections.abc import Iterable
from uuid import UUID

from contracts.journals import JournalSettings
from contracts.reflections import ReflectionList, ReflectionView
from gateway.db import entries, journals, reflections
from gateway.db.store import Connection, Store
from gateway.domain.errors import ReflectionNotFound
from gateway.domain.principals import Principal
from gateway.domain.reflections import Reflection
from gateway.service.care import Care, default_care, view_of_mark
from gateway.service.read_entries import missing

#: Nobody has asked for more of one entry yet.
VERSIONS_MAX = 100


async def get_reflection(
    store: Store,
    principal: Principal,
    journal: str,
    entry_id: UUID,
    version: int | None = None,
    *,
    care: Care | None = None,
) -> ReflectionView:
    """That version; without, the newest. Withheld, where the entry was marked after it was written.

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
        settings = await _settings_for_care(connection, journal, [found])
    return _shown(journal, found, care, settings)


async def list_reflections(
    store: Store, principal: Principal, journal: str, entry_id: UUID, *, care: Care | None = None
) -> ReflectionList:
    """The newest first, `VERSIONS_MAX` at most, each as `get_reflection` has it. An entry may have none.

    Raises as `get_reflection`.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        found = await reflections.list_newest(connection, journal, entry_id, limit=VERSIONS_MAX)
        if not found and await entries.get(connection, journal, entry_id) is None:
            raise await missing(connection, journal, entry_id)
        settings = await _settings_for_care(connection, journal, found)
    return ReflectionList(reflections=tuple(_shown(journal, one, care, settings) for one in found))


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


def _shown(journal: str, reflection: Reflection, care: Care | None, settings: JournalSettings | None) -> ReflectionView:
    """What was made up before the entry was marked is shown to nobody; as long as care is on."""
    view = reflection_view(journal, reflection)
    instead = view_of_mark(care or default_care(), reflection.care, settings)
    if instead is None or view.state != "done":
        return view
    return view.model_copy(update={"state": "withheld", "result": None, "notice": instead.text})


async def _settings_for_care(
    connection: Connection, journal: str, found: Iterable[Reflection]
) -> JournalSettings | None:
    """Where any of them is about words that are marked."""
    marked = any(one.care is not None for one in found)
    return await journals.get_settings(connection, journal) if marked else None
