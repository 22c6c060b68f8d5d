"""How many streams are open at the same time: each costs memory, and most of them statements too."""

from collections.abc import Generator
from contextlib import contextmanager

from gateway.domain.errors import TooManyStreams
from gateway.metrics import LIVE_STREAMS


class StreamPlaces:
    """`streams_max` of all kinds together. In this process alone: two gateways have twice as many."""

    def __init__(self, streams_max: int = 1000) -> None:
        self._streams_max = streams_max
        self._count = 0

    @contextmanager
    def taken(self) -> Generator[None]:
        """Nobody waits: a place that is free later is asked for later. Raises TooManyStreams."""
        if self._count >= self._streams_max:
            raise TooManyStreams(self._streams_max)
        self._count += 1
        LIVE_STREAMS.inc()
        try:
            yield
        finally:
            LIVE_STREAMS.dec()
            self._count -= 1
