"""Connections go from one `asyncio.run()` to the next, whatever became of the run before."""

import asyncio
import gc
import os
import ssl
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from httpx_keepalive import KeepAliveTransport
from support.certificates import Authority
from support.counting_http import CountingServer

Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def post(transport: KeepAliveTransport, url: str, body: bytes = b"hello") -> bytes:
    """What a task does: a client of its own over the transport of the process."""
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=5) as client:
        answer = await client.post(url, content=body)
        answer.raise_for_status()
        return answer.content


async def post_many(transport: KeepAliveTransport, url: str, count: int) -> list[bytes]:
    return await asyncio.gather(*(post(transport, url, b"%d" % number) for number in range(count)))


def test_five_hundred_runs_share_one_connection(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    for number in range(500):
        assert run(post(transport, server.url, b"%d" % number)) == b"%d" % number
    assert (server.connections, server.requests) == (1, 500)


def test_fifty_requests_at_once_keep_to_the_cap_and_leave_their_connections_to_the_next_run(
    run: Run, server: CountingServer
) -> None:
    transport = KeepAliveTransport(limits=httpx.Limits(max_connections=10, max_keepalive_connections=10))
    for _ in range(3):
        answers = run(post_many(transport, f"{server.url}/?delay=0.005", 50))
        assert answers == [b"%d" % number for number in range(50)]
    assert server.most_open <= 10
    assert server.connections <= 10
    assert server.requests == 150
    transport.close()


def test_no_more_than_the_allowed_idle_connections_are_kept(run: Run, server: CountingServer) -> None:
    transport = KeepAliveTransport(limits=httpx.Limits(max_connections=20, max_keepalive_connections=3))
    run(post_many(transport, f"{server.url}/?delay=0.05", 20))
    until(lambda: server.open == 3)
    transport.close()
    until(lambda: server.open == 0)


def test_an_idle_connection_expires(server: CountingServer) -> None:
    transport = KeepAliveTransport(limits=httpx.Limits(max_connections=10, keepalive_expiry=0.0))
    for _ in range(3):
        asyncio.run(post(transport, server.url))
    assert server.connections == 3
    transport.close()


def test_threads_with_runs_of_their_own_share_the_transport(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    def work(thread: int) -> bool:
        bodies = [b"%d.%d" % (thread, number) for number in range(40)]
        return [run(post(transport, server.url, body)) for body in bodies] == bodies

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))
    assert server.connections <= 20
    assert server.requests == 320


def test_a_forked_child_starts_with_none_of_its_parents_connections(
    server: CountingServer, transport: KeepAliveTransport
) -> None:
    asyncio.run(post_many(transport, server.url, 4))
    before = server.connections
    children = []
    for child in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                good = all(
                    asyncio.run(post(transport, server.url, b"%d.%d" % (child, number))) == b"%d.%d" % (child, number)
                    for number in range(20)
                )
            finally:
                os._exit(0 if good else 1)
        children.append(pid)
    for number in range(20):
        assert asyncio.run(post(transport, server.url, b"parent %d" % number)) == b"parent %d" % number
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0, 0]
    assert server.connections == before + 4


def test_a_cancelled_request_closes_its_connection_and_the_next_run_goes_on(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    async def impatient(path: str) -> None:
        async with asyncio.timeout(0.1):
            await post(transport, server.url + path)

    for path in ("/?delay=1", "/stall?for=1", "/lines?count=100&gap=0.02"):
        with pytest.raises(TimeoutError):
            run(impatient(path))
        assert run(post(transport, server.url)) == b"hello"
    until(lambda: server.open == 1)


def test_tasks_left_at_the_end_of_a_run_leave_nothing_behind(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    async def leave() -> None:
        left.extend(asyncio.create_task(post(transport, f"{server.url}/?delay=1")) for _ in range(10))
        await asyncio.sleep(0.1)

    left: list[asyncio.Task[bytes]] = []
    run(leave())
    assert all(task.cancelled() for task in left)
    assert run(post(transport, server.url)) == b"hello"


def test_a_stream_left_half_read_costs_its_connection_only(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    async def read_three() -> list[str]:
        async with (
            httpx.AsyncClient(transport=transport, trust_env=False) as client,
            client.stream("GET", f"{server.url}/lines?count=50&gap=0.005") as answer,
        ):
            lines = []
            async for line in answer.aiter_lines():
                lines.append(line)
                if len(lines) == 3:
                    return lines
        raise AssertionError("the stream ended")

    assert run(read_three()) == ["line 0", "line 1", "line 2"]
    assert run(post(transport, server.url)) == b"hello"
    assert server.connections == 2


def test_an_answer_nobody_closed_is_closed_with_its_object(server: CountingServer) -> None:
    transport = KeepAliveTransport()

    async def forget() -> None:
        client = httpx.AsyncClient(transport=transport, trust_env=False)
        await client.send(client.build_request("GET", f"{server.url}/large?size=5000000"), stream=True)

    asyncio.run(forget())
    gc.collect()
    until(lambda: server.open == 0)


def test_a_loop_closed_with_requests_in_flight_harms_nobody(
    server: CountingServer, transport: KeepAliveTransport
) -> None:
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(post(transport, f"{server.url}/?delay=0.5")) for _ in range(3)]
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.close()
    for task in tasks:
        task._log_destroy_pending = False  # the warning is what this test asks for
    tasks.clear()
    gc.collect()
    assert asyncio.run(post(transport, server.url)) == b"hello"


def test_two_loops_alive_in_one_thread_take_turns(server: CountingServer, transport: KeepAliveTransport) -> None:
    with asyncio.Runner() as first, asyncio.Runner() as second:
        for _ in range(5):
            assert first.run(post(transport, server.url, b"first")) == b"first"
            assert second.run(post(transport, server.url, b"second")) == b"second"
    assert server.connections == 1


def test_closing_the_transport_ends_requests_in_flight_and_a_reused_number_is_nobodys(
    run: Run, server: CountingServer, transport: KeepAliveTransport
) -> None:
    async def close_under_way() -> None:
        waiting = asyncio.create_task(post(transport, f"{server.url}/?delay=2"))
        await asyncio.sleep(0.1)
        transport.close()
        # These take the descriptor numbers that have just become free.
        assert await post(transport, server.url) == b"hello"
        with pytest.raises(httpx.ReadError):
            await waiting
        assert await post(transport, server.url) == b"hello"

    run(close_under_way())


def test_two_thousand_runs_keep_descriptors_and_memory_constant(
    server: CountingServer, transport: KeepAliveTransport, descriptors: Callable[[], int]
) -> None:
    for _ in range(50):
        asyncio.run(post(transport, server.url))
    gc.collect()
    files, objects = descriptors(), len(gc.get_objects())
    for _ in range(2000):
        asyncio.run(post(transport, server.url))
    gc.collect()
    assert descriptors() <= files
    assert len(gc.get_objects()) - objects < 500


def test_tls_connections_outlive_runs_too(run: Run, authority: Authority) -> None:
    certificate, key = authority.issue("keepalive", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=authority.certificate)
    transport = KeepAliveTransport(verify=trusting)
    with CountingServer(tls=context) as server:
        for number in range(50):
            assert run(post(transport, server.url, b"%d" % number * 1000)) == b"%d" % number * 1000
        assert server.connections <= 2  # a session ticket that comes late looks like an unexpected word
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            run(post(KeepAliveTransport(), server.url))
    transport.close()


def test_the_authorities_of_the_machine_are_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an image or an operator sets them, for a server with a certificate of an authority of their own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("own-authority", "127.0.0.1"))
    monkeypatch.setenv("SSL_CERT_FILE", authority.certificate)
    transport = KeepAliveTransport()
    with CountingServer(tls=context) as server:
        assert asyncio.run(post(transport, server.url)) == b"hello"
    transport.close()


def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
