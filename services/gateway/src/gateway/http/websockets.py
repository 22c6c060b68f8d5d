"""How a WebSocket ends whose reader takes nothing: uvicorn alone would wait for it as long as it stays connected."""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For `uvicorn.Config.ws`. It builds on uvicorn's own parts: pyproject.toml asks for a version that has them."""

    #: A connection is gone so long after its endpoint has returned, taken or not: what is missing is stored.
    linger_s = 10.0

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            # The close goes behind what is buffered. uvicorn waits for room first, and a close is what ends that wait.
            self.writable.set()
        await super().send(message)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        # A transport that is closed still waits for its reader to take what is buffered. It may have ended before.
        self.loop.call_later(self.linger_s, self.transport.abort)
