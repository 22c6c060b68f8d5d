"""What it costs to call asynchronous code from a synchronous task: the options of ADR 0001 against an instant server.

`python benchmarks/bridge.py [--runs N] [--write FILE]`. All options run interleaved in one process, so that a busy
moment strikes them alike; the figures to compare are the ratios.
"""

import argparse
import asyncio
import multiprocessing
import platform
import socket
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

from ollama_client import OllamaClient, OllamaConfig

_BODY = b'{"model":"m","embeddings":[[0.6,0.8]],"prompt_eval_count":1}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_REQUEST = {"model": "m", "input": ["x"]}


class _Instant(asyncio.Protocol):
    """Answers each request at once; a request is one head and one body with a length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            length = int(lengths[0].split(b":")[1]) if lengths else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.transport.write(_ANSWER)


def _serve(ready: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Instant, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def _nothing() -> None:
    await asyncio.sleep(0)


def options(url: str) -> dict[str, Callable[[], object]]:
    """Each is one task's worth of work."""
    synchronous = httpx.Client(trust_env=False)
    loop = asyncio.new_event_loop()
    kept = httpx.AsyncClient(trust_env=False)
    config = OllamaConfig(base_url=url)

    async def naive() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(f"{url}/api/embed", json=_REQUEST)

    async def ours() -> None:
        async with OllamaClient(config) as ollama:
            await ollama.embed("m", ["x"])

    async def with_kept() -> None:
        await kept.post(f"{url}/api/embed", json=_REQUEST)

    return {
        "asyncio.run(sleep(0))": lambda: asyncio.run(_nothing()),
        "A: synchronous client, kept": lambda: synchronous.post(f"{url}/api/embed", json=_REQUEST),
        "B: persistent loop, client kept": lambda: loop.run_until_complete(with_kept()),
        "C: asyncio.run, OllamaClient opened inside": lambda: asyncio.run(ours()),
        "C, naive: asyncio.run, default AsyncClient": lambda: asyncio.run(naive()),
    }


def measure(url: str, runs: int) -> dict[str, list[float]]:
    """Microseconds of each run, by option."""
    works = options(url)
    for work in works.values():
        work()
    took: dict[str, list[float]] = {name: [] for name in works}
    for run in range(runs):
        for name, work in works.items():
            if "naive" in name and run % 10:
                continue  # thirty times as slow as the rest
            began = time.perf_counter()
            work()
            took[name].append((time.perf_counter() - began) * 1e6)
    return took


def report(took: dict[str, list[float]]) -> str:
    base = statistics.median(took["B: persistent loop, client kept"])
    lines = ["| option | median us | p95 us | ratio to B |", "|---|---|---|---|"]
    for name, values in took.items():
        median = statistics.median(values)
        p95 = statistics.quantiles(values, n=20)[-1]
        lines.append(f"| {name} | {median:,.0f} | {p95:,.0f} | {median / base:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    port = ours.recv()
    with socket.create_connection(("127.0.0.1", port)):
        table = report(measure(f"http://127.0.0.1:{port}", chosen.runs))
    server.terminate()
    print(table)
    if chosen.write:
        machine = f"{platform.processor() or platform.machine()}, {multiprocessing.cpu_count()} cores"
        chosen.write.parent.mkdir(parents=True, exist_ok=True)
        chosen.write.write_text(
            f"# The bridge\n\n`make bench-bridge` on {datetime.now(UTC):%Y-%m-%d}, {machine}, "
            f"Python {platform.python_version()},\n{chosen.runs} interleaved runs against a local instant server.\n\n"
            f"{table}\n"
        )


if __name__ == "__main__":
    main()
