"""Vacuum after deletions, when it disturbs least."""

import asyncio
import logging
import time

from devstack.qdrant.catalog import Catalog

_LOG = logging.getLogger(__name__)
_QUIET_S = 0.3
_PATIENCE_S = 1.0
#: A vacuum freezes the server; it may take this share of its time under load.
_SHARE = 0.05
_TICK_S = 0.1
_RETRY_S = 5.0


class Compactor:
    """Vacuums a collection with deletions at the first quiet moment, or soon if there is none.

    So erased bytes are off the disk within about two seconds of the call, and a busy server stands still for at
    most a twentieth of its time.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._last_request = 0.0
        self._last_vacuum = 0.0
        self._cost_s = 0.0

    def saw_request(self) -> None:
        self._last_request = time.monotonic()

    async def run(self) -> None:
        due_since: float | None = None
        while True:
            await asyncio.sleep(_TICK_S)
            due = [collection for collection in self._catalog.collections if collection.vacuum_due]
            now = time.monotonic()
            if not due:
                due_since = None
                continue
            due_since = due_since or now
            patience_s = max(_PATIENCE_S, self._cost_s / _SHARE)
            if now - self._last_request < _QUIET_S and now - max(due_since, self._last_vacuum) < patience_s:
                continue
            try:
                for collection in due:
                    collection.vacuum()
            except Exception:  # noqa: BLE001 - the engine raises bare Exception, and this task must not end
                # A full disk, say. The server goes on, and so does this: erased bytes must leave once there is room.
                _LOG.exception("vacuum failed: it is tried again in %s s", _RETRY_S)
                await asyncio.sleep(_RETRY_S)
                continue
            self._last_vacuum = time.monotonic()
            self._cost_s = self._last_vacuum - now
            _LOG.info("vacuum froze the server for %.0f ms", self._cost_s * 1000)
