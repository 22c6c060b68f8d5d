"""Following the events of one journal: from a place on, without a gap and without a repeat."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from contracts.events import JournalErased
from gateway.domain.errors import EventsUnavailable
from gateway.live.event_feed import EventFeed, Follower
from gateway.live.event_log import EventLogAway, StreamEvent, event_id, parse_event_id

#: A quiet connection is spoken on so often: proxies close those that are silent for a minute.
IDLE_S = 15.0
#: A gateway that has only just started gets so long to find the end of the log.
_READY_S = 3.0
_AGAIN_S = 0.5
#: Of a journal's own events, at one look into the log.
_PAGE_MAX = 500
JOURNAL_ERASED: str = JournalErased.model_fields["type"].default


@dataclass(frozen=True)
class Place:
    position: int
    epoch: str
    #: What the client knew cannot be gone on from.
    is_reset: bool = False


@dataclass(frozen=True)
class Told:
    """An event of the journal."""

    id: str
    event: StreamEvent


@dataclass(frozen=True)
class Here:
    """Nothing new up to here."""

    id: str


@dataclass(frozen=True)
class Reset:
    """Some events can no longer be told: what the client holds of the journal is to be read anew."""

    id: str


JournalNews = Told | Here | Reset


async def find_place(feed: EventFeed, last_event_id: str | None) -> Place:
    """Where a client that was told `last_event_id` goes on; where there was nothing, now.

    Raises:
        EventsUnavailable: this gateway has not seen the log yet, or cannot ask it now.
    """
    await feed.ready(within_s=_READY_S)
    if last_event_id is None:
        return Place(feed.last, feed.epoch)
    known = parse_event_id(last_event_id)
    if known is None:
        return Place(feed.last, feed.epoch, is_reset=True)
    sequence, epoch = known
    try:
        # Ahead of what this gateway has seen: another one may be faster, or the log was set back.
        last = feed.last if sequence <= feed.last else (await feed.log.bounds()).last
    except EventLogAway:
        raise EventsUnavailable from None
    if epoch != feed.epoch or sequence > last:
        return Place(feed.last, feed.epoch, is_reset=True)
    return Place(sequence, epoch)


async def follow_journal(
    feed: EventFeed, journal: str, place: Place, *, idle_s: float = IDLE_S
) -> AsyncGenerator[JournalNews]:
    """What happens in the journal from `place` on; first, where that is. Ends with the gateway, or with the journal."""
    with feed.following(journal, place.position) as follower:
        # Made anew since: nobody could tell this follower.
        follower.is_reset = place.is_reset or place.epoch != feed.epoch
        if not follower.is_reset:
            yield Here(event_id(place.position, feed.epoch))
        while not feed.closing.is_set():
            follower.changed.clear()
            if follower.is_reset:
                feed.start_over(follower)
                yield Reset(event_id(follower.position, feed.epoch))
                continue
            epoch, was_behind = feed.epoch, follower.is_behind
            new = await _page_of_log(feed, follower, idle_s) if was_behind else feed.take(follower)
            for event in new:
                yield Told(event_id(event.sequence, epoch), event)
                if event.type == JOURNAL_ERASED:
                    return
                if feed.closing.is_set():
                    break
            if not new and not follower.is_reset and (was_behind or not await _changed(follower, idle_s)):
                yield Here(event_id(follower.position, epoch))


async def _page_of_log(feed: EventFeed, follower: Follower, idle_s: float) -> list[StreamEvent]:
    """Some of what the feed no longer holds. Its place is moved behind it.

    Others wait for the log meanwhile, so nothing is told from in here: a slow client would make them wait for it.
    """
    page: list[StreamEvent] = []
    through = feed.last
    end_s = time.monotonic() + idle_s
    try:
        async with asyncio.timeout(idle_s), feed.reading:
            bounds = await feed.log.bounds()
            if bounds.epoch != feed.epoch or bounds.first > follower.position + 1:
                # Another log, which the feed will see too; or what comes next has expired.
                follower.is_reset = True
                return []
            async with aclosing(feed.log.read(follower.position, through)) as events:
                async for event in events:
                    follower.position = event.sequence
                    if event.journal == follower.journal:
                        page.append(event)
                    if len(page) >= _PAGE_MAX or feed.closing.is_set() or time.monotonic() > end_s:
                        return page
            follower.position = max(follower.position, through)
    except TimeoutError:
        return page
    except EventLogAway:
        await _changed(follower, _AGAIN_S)
        return page
    finally:
        feed.place(follower, follower.position)
    return page


async def _changed(follower: Follower, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await follower.changed.wait()
    except TimeoutError:
        return False
    return True
