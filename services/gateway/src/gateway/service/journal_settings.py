"""A journal's settings: reading and changing them."""

from contracts.journals import JournalDetails, JournalSettings, JournalSettingsChange
from gateway.db import journals
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.care import Care, default_care, locale_of


async def get_journal(store: Store, principal: Principal, journal: str, *, care: Care | None = None) -> JournalDetails:
    """Raises JournalNotFound, ScopeMissing (see `Principal.require`), StoreUnavailable."""
    principal.require(journal, "read", "admin")
    async with store.connection() as connection:
        settings = await journals.get_settings(connection, journal)
    if settings is None:
        raise JournalNotFound(journal)
    return _details(journal, settings, care)


async def change_settings(
    store: Store, principal: Principal, journal: str, change: JournalSettingsChange, *, care: Care | None = None
) -> JournalDetails:
    """The journal as it is afterwards.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "admin")
    async with store.transaction() as connection:
        before = await journals.lock_settings(connection, journal)
        if before is None:
            raise JournalNotFound(journal)
        settings = change.applied_to(before)
        await journals.set_settings(connection, journal, settings)
    return _details(journal, settings, care)


def _details(journal: str, settings: JournalSettings, care: Care | None) -> JournalDetails:
    shown = settings.model_copy(update={"locale": locale_of(care or default_care(), settings)})
    unset = tuple(name for name in JournalSettings.model_fields if name not in settings.model_fields_set)
    return JournalDetails(name=journal, settings=shown, defaults=unset)
