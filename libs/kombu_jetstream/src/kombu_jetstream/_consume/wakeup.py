"""A file descriptor that becomes readable when another thread says so."""

import contextlib
import os
import select
import sys


class Wakeup:
    """An eventfd where there is one, else a pipe. `set` from any thread, `wait` and `clear` from the consumer's."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            self.reader = self._writer = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self.reader, self._writer = os.pipe()
            os.set_blocking(self.reader, False)
            os.set_blocking(self._writer, False)
        self._poll = select.poll()
        self._poll.register(self.reader, select.POLLIN)

    def set(self) -> None:
        # A full pipe or counter is readable already. Eight bytes, because that is what an eventfd adds.
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, (1).to_bytes(8, sys.byteorder))

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self.reader, 4096)) == 4096:  # noqa: PLR2004
                pass

    def wait(self, timeout_s: float | None) -> bool:
        """Whether it was set within `timeout_s`; None waits for ever."""
        return bool(self._poll.poll(None if timeout_s is None else timeout_s * 1000))

    def close(self) -> None:
        for descriptor in {self.reader, self._writer}:
            os.close(descriptor)
