"""What stands before several gateways: it hands out connections in turn, to those whose `/readyz` says 200.

It looks into nothing that passes, as a Kubernetes service with readiness probes does: a connection stays with its
gateway until one of its ends closes it.
"""

import asyncio
import contextlib
import itertools
import threading
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536
START_S = 10.0
PROBE_S = 0.1
#: A busy machine is slow, and slow is not away.
PROBE_TIMEOUT_S = 5.0
#: What one end has not taken for so long, when the other has closed, it is not given.
CLOSE_S = 5.0


class Balancer:
    """Listens on a free port, `port`, in a thread of its own."""

    def __init__(self) -> None:
        self.port = 0
        self._ready: dict[int, bool] = {}
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, port: int) -> None:
        """From its next good probe on, the gateway is given connections."""
        self._ready[port] = False
        self._loop.call_soon_threadsafe(self._start, port)

    def remove(self, port: int) -> None:
        self._ready.pop(port, None)

    def is_ready(self, port: int) -> bool:
        return self._ready.get(port, False)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(START_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(START_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._ready.clear()
        self._listener.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, port: int) -> None:
        task = self._loop.create_task(self._watch(port))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, port: int) -> None:
        while port in self._ready:
            found = await _probe(port)
            if port in self._ready and found is not None:
                self._ready[port] = found
            await asyncio.sleep(PROBE_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            gateway = await self._connect()
            if gateway is None:
                writer.transport.abort()
                return
            await _pass(reader, writer, *gateway)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = [port for port, is_ready in self._ready.items() if is_ready]
        first = next(self._turn)
        for step in range(len(ports)):
            port = ports[(first + step) % len(ports)]
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            if port in self._ready:
                self._ready[port] = False
        return None


async def _probe(port: int) -> bool | None:
    """None where it did not answer in time."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: balancer\r\nConnection: close\r\n\r\n")
            return (await reader.readline()).startswith(b"HTTP/1.1 200")
    except TimeoutError:
        return None
    except OSError:
        return False
    finally:
        if writer is not None:
            writer.close()


async def _pass(
    from_client: asyncio.StreamReader,
    to_client: asyncio.StreamWriter,
    from_gateway: asyncio.StreamReader,
    to_gateway: asyncio.StreamWriter,
) -> None:
    """Until one end closes: then what it sent is still delivered, and the other is closed."""
    passing = [
        asyncio.create_task(_pump(from_client, to_gateway)),
        asyncio.create_task(_pump(from_gateway, to_client)),
    ]
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        await asyncio.gather(_close(to_client), _close(to_gateway))


async def _close(writer: asyncio.StreamWriter) -> None:
    """Returns when what was written is sent, or cannot be."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_S):
            await writer.wait_closed()
    except (OSError, asyncio.CancelledError):
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
