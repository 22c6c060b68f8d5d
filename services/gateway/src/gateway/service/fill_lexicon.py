"""Has entries indexed again whose words are not in the index as they should be: after an upgrade, or under a new key.

Their vectors are found all the time; their words are, as soon as a worker has been over them.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.db import enrichments, outbox
from gateway.db.store import Store
from gateway.domain.errors import SearchUnavailable, StoreUnavailable
from gateway.service.enrich import order

#: A round asks for no more: workers embed new entries in between.
ROUND_MAX = 500

log = structlog.get_logger()


async def fill_lexicon(store: Store, lexicon: str, *, overdue_s: float) -> int:
    """One round: how many entries are to be indexed again. 0 while another gateway is at it.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.transaction() as connection:
        if not await enrichments.try_lock_rounds(connection) or await enrichments.all_worded(connection, lexicon):
            return 0
        unworded = await enrichments.reissue_unworded(connection, lexicon=lexicon, overdue_s=overdue_s, limit=ROUND_MAX)
        events = (order(each.journal, each.entry_id, each.revision, [each.kind]) for each in unworded)
        await outbox.insert(connection, *events)
    return len(unworded)


async def fill_lexicon_forever(
    store: Store, lexicon: Callable[[], Awaitable[str | None]], *, every_s: float, overdue_s: float
) -> None:
    """A round now and then, until cancelled. `lexicon` answers the mark to fill, or None while there is nothing to do.

    It raises SearchUnavailable while nobody knows: the next round may.
    """
    while True:
        try:
            mark = await lexicon()
            asked = await fill_lexicon(store, mark, overdue_s=overdue_s) if mark else 0
        except (SearchUnavailable, StoreUnavailable) as error:
            log.warning("lexicon.round_failed", reason=type(error).__name__)
        else:
            if asked:
                log.info("lexicon.filling", entries=asked)
        await asyncio.sleep(every_s)
