"""Whether who follows something may still read it: a key may be revoked, or given less, while its stream is open."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TypeVar

from gateway.db.store import Store
from gateway.domain.errors import StoreUnavailable
from gateway.domain.principals import Principal
from gateway.service.keys import require_still_readable

#: Every stream says something within 15 seconds, so that none is looked at much later.
EVERY_S = 10.0

T = TypeVar("T")


async def while_allowed(
    events: AsyncGenerator[T], store: Store, principal: Principal, journal: str
) -> AsyncGenerator[T]:
    """The events, as long as the key may read the journal. Closes them.

    Raises:
        KeyInvalid: it was revoked.
        JournalNotFound, ScopeMissing: it may not read this journal any more.
    """
    looked_s = time.monotonic()
    async with aclosing(events):
        async for event in events:
            if time.monotonic() - looked_s >= EVERY_S:
                looked_s = time.monotonic()
                # A database that is away takes nothing from anybody: it is asked again.
                with suppress(StoreUnavailable):
                    await require_still_readable(store, principal, journal)
            yield event
