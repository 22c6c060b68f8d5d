"""The newest events of all journals, kept once for everybody who follows one.

One task of the gateway reads the end of the log into here. A follower has a place and no queue: it takes what is behind
its place when it comes to look, and reads the log where that is no longer kept. So a slow one costs nobody memory.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Generator
from contextlib import contextmanager

from gateway.domain.errors import EventsUnavailable
from gateway.live.event_log import EventLog, LogBounds, StreamEvent
from gateway.metrics import EVENT_FOLLOWERS

#: Followers that read the log at the same time: each reads everybody's events to find its own.
_READERS_MAX = 4


class Follower:
    """One reader's place in the events of one journal."""

    def __init__(self, journal: str, position: int) -> None:
        self.journal = journal
        #: Everything up to here was taken, or was another journal's.
        self.position = position
        #: What comes next for it is not kept in the feed.
        self.is_behind = False
        #: The log was made anew: what was told, and the position, are void.
        self.is_reset = False
        self.changed = asyncio.Event()


class EventFeed:
    """Belongs to the loop of its gateway. `kept`: how many events stay here."""

    def __init__(self, log: EventLog, *, kept: int = 2048) -> None:
        self.log = log
        self.closing = asyncio.Event()
        self.reading = asyncio.Semaphore(_READERS_MAX)
        self.epoch = ""
        #: What is behind this one, up to `last`, is here.
        self.floor = 0
        self.last = 0
        self._kept = kept
        self._events: deque[StreamEvent] = deque()
        self._followers: dict[str, set[Follower]] = defaultdict(set)
        self._end = 0
        self._caught_up = asyncio.Event()

    def close(self) -> None:
        """Wake every follower, to find `closing` set."""
        self.closing.set()
        self._wake_all()

    def begin(self, bounds: LogBounds) -> int:
        """The sequence behind which the log is to be read: at first, the newest events are fetched once more.

        Where it is no longer the log it was, or some of it is gone unread, followers are told.
        """
        if bounds.epoch != self.epoch or not bounds.first - 1 <= self.last <= bounds.last:
            self.epoch = bounds.epoch
            self._events.clear()
            self.floor = self.last = max(bounds.first - 1, bounds.last - self._kept)
            self._end = bounds.last
            for followers in self._followers.values():
                for follower in followers:
                    follower.is_reset = True
            self._wake_all()
        if self.last >= bounds.last:
            self.catch_up()
        return self.last

    def append(self, event: StreamEvent) -> None:
        """The next event of the log."""
        if len(self._events) >= self._kept:
            self._evict(self._events.popleft())
        self._events.append(event)
        self.last = event.sequence
        for follower in self._followers.get(event.journal, ()):
            follower.changed.set()
        if self.last >= self._end:
            self.catch_up()

    def catch_up(self) -> None:
        """The end of the log was reached: who comes now begins there."""
        self._caught_up.set()

    async def ready(self, *, within_s: float) -> None:
        """Returns once the end of the log was reached, which may be long ago.

        Raises:
            EventsUnavailable: not within that time.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._caught_up.wait()
        except TimeoutError:
            raise EventsUnavailable from None

    @contextmanager
    def following(self, journal: str, position: int) -> Generator[Follower]:
        follower = Follower(journal, position)
        self.place(follower, position)
        self._followers[journal].add(follower)
        EVENT_FOLLOWERS.inc()
        try:
            yield follower
        finally:
            EVENT_FOLLOWERS.dec()
            self._followers[journal].discard(follower)
            if not self._followers[journal]:
                del self._followers[journal]

    def place(self, follower: Follower, position: int) -> None:
        """Everything up to `position` is settled for this one."""
        follower.position = position
        follower.is_behind = position < self.floor

    def start_over(self, follower: Follower) -> None:
        """Go on from the end of the log: its reader is told to read the journal anew."""
        follower.is_reset = False
        self.place(follower, max(self.last, self._end))

    def take(self, follower: Follower) -> list[StreamEvent]:
        """What is new for it, oldest first. Nothing for one that is behind."""
        if follower.is_behind:
            return []
        new: list[StreamEvent] = []
        # From the end, since a follower mostly lacks the newest only.
        for event in reversed(self._events):
            if event.sequence <= follower.position:
                break
            if event.journal == follower.journal:
                new.append(event)
        new.reverse()
        follower.position = max(follower.position, self.last)
        return new

    def _evict(self, event: StreamEvent) -> None:
        self.floor = event.sequence
        for follower in self._followers.get(event.journal, ()):
            if follower.position < event.sequence:
                follower.is_behind = True

    def _wake_all(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.changed.set()
