"""Connections that wait for their next request, of all loops and threads of the process."""

import time
from collections import deque

from httpx_keepalive._connecting import Origin
from httpx_keepalive._connection import Connection


class IdleConnections:
    """No lock: each step is one operation of a deque, so two threads never get the same connection."""

    def __init__(self, max_idle: int, expiry_s: float | None) -> None:
        self._max_idle = max_idle
        self._expiry_s = expiry_s
        self._stacks: dict[Origin, deque[Connection]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """The one used last, if the server has not closed it; it belongs to the caller alone now."""
        stack = self._stacks.get(origin)
        while stack:
            try:
                connection = stack.pop()
            except IndexError:
                # Another thread was faster.
                return None
            expired = self._expiry_s is not None and time.monotonic() - connection.idle_since_s > self._expiry_s
            if not expired and not connection.stream.socket.readable:
                return connection
            connection.close()
        return None

    def put(self, origin: Origin, connection: Connection) -> None:
        """Give it to whoever asks next; what exceeds the limit goes, oldest first."""
        stack = self._stacks.setdefault(origin, deque())
        stack.append(connection)
        while len(stack) > self._max_idle:
            try:
                stack.popleft().close()
            except IndexError:
                return

    def forget(self) -> list[Connection]:
        """All of them, in here no more."""
        stacks, self._stacks = self._stacks, {}
        return [connection for stack in stacks.values() for connection in stack]
