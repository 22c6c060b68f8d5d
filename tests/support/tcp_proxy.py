"""A TCP proxy that can break a connection in the ways that networks do. Real sockets; it knows no protocol."""

import asyncio
import contextlib
import re
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

Direction = Literal["server", "client"]

CHUNK_BYTES = 65_536
START_S = 5.0
#: A pattern may be cut by the end of a chunk; so much of what passed is looked at again with the next one.
LOOK_BACK_BYTES = 256


@dataclass(eq=False)
class Trap:
    """Springs once, when `pattern` passes. Nothing passes from where it begins, or from the end of its group `pass`."""

    pattern: re.Pattern[bytes]
    towards: Direction
    #: "cut" ends the connection; "swallow" keeps it open and drops all that follows in this direction.
    how: Literal["cut", "swallow"]
    _sprung: threading.Event = field(default_factory=threading.Event)

    def spring(self) -> None:
        self._sprung.set()

    @property
    def sprung(self) -> bool:
        return self._sprung.is_set()

    def closes_at(self, data: bytes) -> int | None:
        found = self.pattern.search(data)
        if found is None:
            return None
        return found.end("pass") if "pass" in self.pattern.groupindex else found.start()

    def wait(self, deadline_s: float = 20.0) -> None:
        assert self._sprung.wait(deadline_s), f"{self.pattern!r} never passed"


class TcpProxy:
    """Listens on a free port of its own, kept until it is closed, and connects each client to `server_port`.

    `host` is where it listens: an address of this machine.
    """

    def __init__(self, server_port: int, *, host: str = "127.0.0.1") -> None:
        self._host = host
        #: What every byte takes longer, in each direction.
        self.delay_s = 0.0
        self.port = 0
        self.traps: list[Trap] = []
        self.accepted = 0
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None

    def trap(self, pattern: bytes, *, towards: Direction, how: Literal["cut", "swallow"] = "cut") -> Trap:
        found = Trap(re.compile(pattern), towards, how)
        self.traps.append(found)
        return found

    def cut(self) -> None:
        """End every connection at once; new ones are taken."""
        self._call(self._cut_all)

    def blackhole(self) -> None:
        """Every connection there is stays open and lets nothing pass any more; new ones work."""
        self._call(self._blackhole_all)

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

    def _call(self, function) -> None:
        done = threading.Event()

        def call() -> None:
            function()
            done.set()

        self._loop.call_soon_threadsafe(call)
        assert done.wait(START_S)

    def _cut_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _blackhole_all(self) -> None:
        for connection in self._connections:
            connection.passable.clear()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, self._host, 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()
        self._cut_all()
        while self._connections:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, writer, far_writer)
        self._connections.add(connection)
        try:
            await connection.run(reader, far_reader)
        finally:
            self._connections.discard(connection)


class _Connection:
    def __init__(self, proxy: TcpProxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.passable = asyncio.Event()
        self.passable.set()
        self._proxy = proxy
        self._writers: dict[Direction, asyncio.StreamWriter] = {"client": client, "server": server}
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, from_client: asyncio.StreamReader, from_server: asyncio.StreamReader) -> None:
        for towards, reader in (("server", from_client), ("client", from_server)):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            self._tasks += [
                asyncio.create_task(self._read(reader, late)),
                asyncio.create_task(self._write(towards, late)),
            ]
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def abort(self) -> None:
        for writer in self._writers.values():
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()

    async def _read(self, reader: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                late.put_nowait((time.monotonic() + self._proxy.delay_s, data))
                # In a blackhole the sender's own buffers fill up, as they would with a dead peer.
                await self.passable.wait()

    async def _write(self, towards: Direction, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        seen, writer = b"", self._writers[towards]
        while True:
            due_s, data = await late.get()
            await asyncio.sleep(due_s - time.monotonic())
            await self.passable.wait()
            trap, passing = self._sprung_by(towards, seen, data)
            with contextlib.suppress(OSError):
                writer.write(data[:passing])
                await writer.drain()
            if trap is not None and trap.how == "cut":
                # Closed, not aborted: what was let through arrives.
                writer.close()
                return
            while trap is not None:
                await late.get()
            seen = (seen + data)[-LOOK_BACK_BYTES:]

    def _sprung_by(self, towards: Direction, seen: bytes, data: bytes) -> tuple[Trap | None, int]:
        """The trap that `data` springs, if any, and how many bytes of it may pass."""
        window = seen + data
        for trap in self._proxy.traps:
            if trap.towards != towards or trap.sprung:
                continue
            at = trap.closes_at(window)
            if at is not None:
                trap.spring()
                return trap, max(0, at - len(seen))
        return None, len(data)
