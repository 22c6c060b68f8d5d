"""Group commit: writes that arrive together share one flush, and none is acknowledged before it."""

import asyncio
import logging

from devstack.qdrant.collection import Collection

_LOG = logging.getLogger(__name__)


class GroupCommit:
    """One round a turn of the event loop: what arrives during a flush of 8-16 ms becomes the next group."""

    def __init__(self) -> None:
        self._dirty: set[Collection] = set()
        self._round: asyncio.Future[None] | None = None

    def begin(self, collection: Collection) -> asyncio.Future[None]:
        """Have `collection` flushed soon; the future is done when it is durable, or carries why it is not."""
        loop = asyncio.get_running_loop()
        self._dirty.add(collection)
        if self._round is None:
            self._round = loop.create_future()
            # Retrieved here as well: writers that did not wait must not leave an unread exception behind.
            self._round.add_done_callback(lambda done: done.exception())
            loop.call_soon(self._flush)
        return self._round

    def _flush(self) -> None:
        current, self._round = self._round, None
        dirty, self._dirty = self._dirty, set()
        assert current is not None
        try:
            for collection in dirty:
                collection.flush()
        except Exception as error:  # noqa: BLE001 - the engine raises bare Exception; each waiter raises it again
            # Not durable yet, and so not forgotten: the next round takes them along.
            self._dirty |= dirty
            _LOG.exception("flush failed")
            current.set_exception(error)
        else:
            current.set_result(None)
