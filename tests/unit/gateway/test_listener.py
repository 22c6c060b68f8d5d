"""What each connection has from the socket that it came in by."""

import asyncio
import socket

import pytest

from gateway.http.listener import open_listener


class _Closed(asyncio.Protocol):
    """Sends more than fits between, and closes: as a server that is done with a client."""

    def __init__(self, lost: asyncio.Event) -> None:
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"x" * 20_000_000)
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone has it")
async def test_a_connection_whose_client_takes_nothing_is_cut() -> None:
    lost = asyncio.Event()
    listener = open_listener("127.0.0.1", 0, deaf_max_s=0.3)
    async with await asyncio.get_running_loop().create_server(lambda: _Closed(lost), sock=listener):
        with socket.create_connection(listener.getsockname()):
            async with asyncio.timeout(20):
                await lost.wait()


def test_the_body_of_an_answer_does_not_wait_for_the_head_to_be_acknowledged() -> None:
    with open_listener("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
