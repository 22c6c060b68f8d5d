"""The ways of calling asynchronous code from a synchronous task, each as one task's worth of work (ADR 0001)."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import uvloop

from httpx_keepalive import KeepAliveTransport
from ollama_client import OllamaClient, OllamaConfig
from worker_kit import run_async

REQUEST = {"model": "m", "input": ["x"]}

NOTHING = "asyncio.run(sleep(0))"
A = "A: a synchronous client, kept"
B = "B: a loop that lives on, its client kept"
C_NAIVE = "C, naive: a default client a run"
C_CONTEXT = "C, a client a run over one shared TLS context"
C_OURS = "C, a client a run over connections that outlive loops"
C_KEPT = "C, a client kept over connections that outlive loops"
C_DAYBOOK = "C as Daybook's tasks do it: run_async, OllamaClient"

Loops = Callable[[], asyncio.AbstractEventLoop]
LOOPS: dict[str, Loops] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def options(url: str, loops: Loops) -> dict[str, Callable[[], object]]:
    """By name. Whatever an option keeps between runs is made here, once."""
    embed = f"{url}/api/embed"
    synchronous = httpx.Client(trust_env=False)
    lasting = asyncio.Runner(loop_factory=loops)
    kept = httpx.AsyncClient(trust_env=False)
    context = ssl.create_default_context()
    transport = KeepAliveTransport()
    outliving = httpx.AsyncClient(transport=transport, trust_env=False)
    config = OllamaConfig(base_url=url)

    def run(work: Coroutine[Any, Any, object]) -> object:
        with asyncio.Runner(loop_factory=loops) as runner:
            return runner.run(work)

    async def with_kept() -> None:
        await kept.post(embed, json=REQUEST)

    async def naive() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(embed, json=REQUEST)

    async def with_context() -> None:
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            await client.post(embed, json=REQUEST)

    async def with_ours() -> None:
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            await client.post(embed, json=REQUEST)

    async def with_outliving() -> None:
        await outliving.post(embed, json=REQUEST)

    async def with_daybook() -> None:
        async with OllamaClient(config) as ollama:
            await ollama.embed("m", ["x"])

    return {
        NOTHING: lambda: run(asyncio.sleep(0)),
        A: lambda: synchronous.post(embed, json=REQUEST),
        B: lambda: lasting.run(with_kept()),
        C_NAIVE: lambda: run(naive()),
        C_CONTEXT: lambda: run(with_context()),
        C_OURS: lambda: run(with_ours()),
        C_KEPT: lambda: run(with_outliving()),
        # `run_async` is asyncio.run on the default loop, with a deadline and Celery's soft limit.
        C_DAYBOOK: lambda: run_async(with_daybook(), deadline_s=60),
    }
