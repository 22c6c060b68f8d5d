"""The body of an answer, read as it comes."""

from collections.abc import AsyncIterator, Callable

import httpx
from typing_extensions import override

from httpx_keepalive._connection import Connection
from httpx_keepalive._faults import READING


class AnswerBody(httpx.AsyncByteStream):
    """`leave` is called once, whether it was read to its end, in part, or not at all."""

    def __init__(self, connection: Connection, gap_s: float | None, leave: Callable[[], None]) -> None:
        self._connection = connection
        self._gap_s = gap_s
        self._leave: Callable[[], None] | None = leave

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            with READING:
                block = await self._connection.block(self._gap_s)
            if block is None:
                return
            yield block

    @override
    async def aclose(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def __del__(self) -> None:
        # Forgotten: its place is lost to this run, but the socket need not wait for the collector as well.
        if self._leave is not None:
            self._connection.close()
