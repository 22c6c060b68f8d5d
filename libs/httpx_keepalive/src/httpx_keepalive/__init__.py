"""An httpx transport whose keep-alive connections outlive event loops: one `asyncio.run()` leaves them to the next."""

from httpx_keepalive._transport import KeepAliveTransport

__all__ = ["KeepAliveTransport"]
