"""How many questions are answered at once: the workers wait for the same model, and Ollama queues without a limit."""

from collections.abc import Generator
from contextlib import contextmanager

from gateway.domain.errors import AskBusy, AskInProgress


class AskPlaces:
    """`at_once` over all keys, one for each key. In this process alone: two gateways have twice as many."""

    def __init__(self, *, at_once: int) -> None:
        self._at_once = at_once
        self._keys: set[str] = set()

    @contextmanager
    def taken(self, key_id: str) -> Generator[None, None, None]:
        """Nobody waits: a place that is free later is asked for later.

        Raises:
            AskInProgress: the key has a question that is being answered.
            AskBusy: others have all places.
        """
        if key_id in self._keys:
            raise AskInProgress
        if len(self._keys) >= self._at_once:
            raise AskBusy
        self._keys.add(key_id)
        try:
            yield
        finally:
            self._keys.discard(key_id)
