"""What a channel of several queues asked for or received beyond its room, given up when the channel stays full."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

#: How long a channel may be full before it gives up its surplus: short tasks are over by then and pay nothing.
LINGER_S = 0.25


class Holder(Protocol):
    """Who may have asked for more, or hold more, than the channel has room for."""

    def give_up(self) -> None: ...


class Surplus:
    """One a channel; lives on the io thread.

    Every idle queue has a question open, so that work never waits for one. When one queue brings work that fills the
    channel, the questions of the others stay open, and what they bring would lie here behind a task of any length while
    another worker has nothing to do. So the questions are taken back and the messages handed back, after LINGER_S.
    """

    def __init__(self, full_since: Callable[[], float | None], holders: Callable[[], Iterable[Holder]]) -> None:
        """`full_since` tells since when (monotonic) the channel holds all that it may, or None while it does not."""
        self._full_since = full_since
        self._holders = holders
        self._timer: asyncio.TimerHandle | None = None

    def arrived(self) -> None:
        """Look, soon, whether the message that came filled the channel."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._look)

    def _look(self) -> None:
        self._timer = None
        since_s = self._full_since()
        if since_s is None:
            return
        left_s = since_s + LINGER_S - time.monotonic()
        if left_s > 0:
            self._timer = asyncio.get_running_loop().call_later(left_s, self._look)
            return
        for holder in self._holders():
            holder.give_up()
