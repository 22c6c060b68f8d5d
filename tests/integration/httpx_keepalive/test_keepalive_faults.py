"""What goes wrong on the way is told in httpx's words, and a request is repeated only where that is safe."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from httpx_keepalive import KeepAliveTransport
from support.counting_http import CountingServer

Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def send(
    transport: KeepAliveTransport, url: str, content: bytes | AsyncIterator[bytes] = b"hello", **timeouts: float
) -> bytes:
    timeout = httpx.Timeout(5.0, **timeouts) if len(timeouts) < 4 else httpx.Timeout(**timeouts)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
        return (await client.post(url, content=content)).content


def test_a_server_that_closes_idle_connections_is_met_without_an_error(run: Run) -> None:
    transport = KeepAliveTransport()
    with CountingServer(idle_s=0.05) as server:
        for number in range(5):
            assert run(send(transport, server.url, b"%d" % number)) == b"%d" % number
            time.sleep(0.08)
    assert (server.connections, server.requests) == (5, 5)


def test_a_request_that_meets_a_closing_connection_is_sent_once_more(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    for number in range(5):
        assert run(send(transport, f"{server.url}/abort-reused", b"%d" % number)) == b"%d" % number
    # One to begin with; then each is tried on the kept connection, and again on a new one.
    assert (server.connections, server.requests) == (5, 9)


def test_a_request_on_a_new_connection_is_never_sent_twice(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        run(send(transport, f"{server.url}/abort"))
    assert server.requests == 1


def test_a_body_that_can_be_read_once_is_never_sent_twice(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"once"

    run(send(transport, server.url))
    with pytest.raises((httpx.RemoteProtocolError, httpx.NetworkError)):
        run(send(transport, f"{server.url}/abort-reused", blocks()))
    assert server.requests == 2


def test_an_answer_cut_in_the_middle_is_not_asked_for_again(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    run(send(transport, server.url))
    with pytest.raises(httpx.RemoteProtocolError):
        run(send(transport, f"{server.url}/half"))
    assert server.requests == 2


@pytest.mark.parametrize("path", ["/?delay=1", "/stall?for=1"], ids=["head", "body"])
def test_a_silent_server_is_a_read_timeout(
    run: Run, server: CountingServer, transport: KeepAliveTransport, path: str
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        run(send(transport, server.url + path, read=0.1))
    assert run(send(transport, server.url)) == b"hello"


def test_a_server_that_takes_nothing_is_a_write_timeout(run: Run, transport: KeepAliveTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(httpx.WriteTimeout):
            run(send(transport, f"http://127.0.0.1:{deaf.getsockname()[1]}", b"x" * 50_000_000, write=0.2))


def test_a_server_that_accepts_nobody_is_a_connect_timeout(run: Run, transport: KeepAliveTransport) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        try:
            with pytest.raises(httpx.ConnectTimeout):
                run(send(transport, f"http://127.0.0.1:{full.getsockname()[1]}", connect=0.2))
        finally:
            for one in waiting:
                one.close()


def test_nobody_listening_is_a_connect_error(run: Run, transport: KeepAliveTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        run(send(transport, f"http://127.0.0.1:{port}"))


def test_waiting_for_a_place_has_its_own_timeout(run: Run, server: CountingServer) -> None:
    transport = KeepAliveTransport(limits=httpx.Limits(max_connections=1))

    async def two() -> None:
        first = asyncio.create_task(send(transport, f"{server.url}/?delay=0.5"))
        await asyncio.sleep(0.1)
        with pytest.raises(httpx.PoolTimeout):
            await send(transport, server.url, pool=0.1)
        assert await first == b"hello"
        assert await send(transport, server.url, pool=0.1) == b"hello"

    run(two())
    transport.close()


@pytest.mark.parametrize("path", ["/garbage", "/abort"])
def test_what_is_no_answer_is_told(run: Run, server: CountingServer, transport: KeepAliveTransport, path: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        run(send(transport, server.url + path))


def test_other_schemes_are_refused(run: Run, transport: KeepAliveTransport) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        run(send(transport, "ftp://127.0.0.1/"))


@pytest.mark.parametrize("path", ["/close", "/interim"])
def test_answers_of_every_kind_are_read(
    run: Run, server: CountingServer, transport: KeepAliveTransport, path: str
) -> None:
    for _ in range(2):
        assert run(send(transport, server.url + path)) == b"hello"


def test_large_bodies_go_both_ways(run: Run, server: CountingServer, transport: KeepAliveTransport) -> None:
    body = b"0123456789abcdef" * 500_000
    assert run(send(transport, server.url, body)) == body


def test_a_name_is_resolved(run: Run, server: CountingServer, transport: KeepAliveTransport) -> None:
    assert run(send(transport, server.url.replace("127.0.0.1", "localhost"))) == b"hello"


def test_a_server_that_never_pauses_does_not_starve_timers(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    whole, read_bytes = 4_000_000_000, 0

    async def read() -> None:
        nonlocal read_bytes
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            try:
                async with asyncio.timeout(0.1), client.stream("GET", f"{server.url}/large?size={whole}") as answer:
                    async for chunk in answer.aiter_raw():
                        read_bytes += len(chunk)
            except TimeoutError:
                return
        raise AssertionError("four gigabytes in a tenth of a second")

    run(read())
    assert read_bytes < whole / 2, "the timer was heard at once, not when all was read"


class Interrupted(Exception):
    pass


def test_an_exception_from_a_signal_handler_leaves_nothing_in_the_transport(
    server: CountingServer, transport: KeepAliveTransport
) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR2, interrupt)
    try:
        for _ in range(10):
            timer = threading.Timer(0.05, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR2])
            timer.start()
            with pytest.raises(Interrupted):
                asyncio.run(send(transport, f"{server.url}/?delay=1"))
            timer.join()
            assert asyncio.run(send(transport, server.url)) == b"hello"
    finally:
        signal.signal(signal.SIGUSR2, before)
