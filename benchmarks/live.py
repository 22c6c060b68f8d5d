"""The first words of a reflection at a client of the gateway, beside a bare client of the same Ollama.

A tap before the model server notes when the first words of each answer come from it. For every round a bare client
streams one answer through the tap, and then a reflection is asked for and followed over WebSocket and as server-sent
events at once: each figure is the time from the words at the tap to the words at that client.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from httpx_sse import aconnect_sse
from live_tap import Tap, shows_words
from websockets.asyncio.client import connect

from devstack.model_choice import EMBEDDED
from devstack.stack import INSIGHTS, Stack
from devstack.stack_config import StackConfig
from ollama_client import Message, OllamaClient, OllamaConfig

ROOT = Path(__file__).parents[1]
#: Of the scripted server: until its first token, and between tokens.
LATENCY_S, TOKEN_S = 0.3, 0.04
AIM_MS = 50
_PATIENCE_S = 120.0
_ENTRY = "I took the night train to the sea with Nora. It rained, and we were glad of it."
_WAYS = ("bare", "WebSocket", "SSE")


@dataclass
class Figures:
    """Milliseconds of each round, by way."""

    model: str
    delays_ms: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in _WAYS})

    def rows(self) -> Generator[str]:
        for way, delays in self.delays_ms.items():
            p50, p95 = statistics.median(delays), sorted(delays)[round(0.95 * (len(delays) - 1))]
            yield f"| {self.model} | {way} | {len(delays)} | {p50:.1f} | {p95:.1f} | {max(delays):.1f} |"


async def measure(stack: Stack, model: str, upstream: str, rounds: int) -> Figures:
    """Points the worker that writes reflections at a tap before `upstream`; the caller sets it back."""
    figures = Figures(model)
    async with Tap(upstream).open() as tap:
        # Checked, a reflection is shown when it is whole; that is for models which are too small.
        settings = {"INSIGHTS_OLLAMA_URL": tap.url, "INSIGHTS_REFLECTION_CHECKED": "false"}
        await asyncio.to_thread(stack.restart, INSIGHTS, settings=settings)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        async with httpx.AsyncClient(
            base_url=stack.gateway_url, headers=headers, trust_env=False, timeout=_PATIENCE_S
        ) as client:
            journal = f"/v1/journals/live-{time.time_ns()}"
            (await client.put(journal)).raise_for_status()
            for number in range(rounds + 1):
                async with asyncio.timeout(_PATIENCE_S):
                    seen = await _round(client, tap, journal)
                if number > 0:  # The first loads the model.
                    for way, delay_s in seen.items():
                        figures.delays_ms[way].append(delay_s * 1000)
    return figures


async def _round(client: httpx.AsyncClient, tap: Tap, journal: str) -> dict[str, float]:
    tap.first_words.clear()
    bare_s = await _bare(tap.url) - tap.first_words[0]
    tap.first_words.clear()
    entry = (await client.post(f"{journal}/entries", json={"body": _ENTRY})).headers["location"]
    (await client.post(f"{entry}/reflection")).raise_for_status()
    by_websocket, by_sse = await asyncio.gather(
        _first_words(_websocket(client, entry)), _first_words(_server_sent(client, entry))
    )
    first_s = tap.first_words[0]
    await client.delete(entry)  # What a small model wrote may not be accepted: nobody has to try again.
    return {"bare": bare_s, "WebSocket": by_websocket - first_s, "SSE": by_sse - first_s}


async def _bare(url: str) -> float:
    """When the first words came."""
    prompt = files("insights_worker").joinpath("prompts")
    schema = json.loads(prompt.joinpath("reflection.schema.json").read_text())
    messages = [Message.system(prompt.joinpath("reflection.md").read_text()), Message.user(_ENTRY)]
    # Its options are the worker's: another context would have the model loaded anew.
    options = {"temperature": 0.4, "num_ctx": 4096, "num_predict": 500}
    document = ""
    async with (
        OllamaClient(OllamaConfig(base_url=url)) as ollama,
        ollama.chat_stream(EMBEDDED.chat_model, messages, answer_format=schema, think=False, options=options) as chunks,
    ):
        async for chunk in chunks:
            document += chunk.text
            if shows_words(document):
                return time.perf_counter()  # Leaving the stream stops the model.
    raise AssertionError("nothing was written")


async def _first_words(names: AsyncIterator[str]) -> float:
    """When `written` came first. Goes on to the end, so that the next round finds the worker free."""
    first_s = 0.0
    async for name in names:
        if name == "written":
            first_s = first_s or time.perf_counter()
        if name in {"restarted", "ended"}:
            break
    assert first_s, "nothing was written"
    return first_s


async def _websocket(client: httpx.AsyncClient, entry: str) -> AsyncIterator[str]:
    address = f"ws://{client.base_url.netloc.decode()}{entry}/reflection/live"
    headers = {"Authorization": client.headers["Authorization"]}
    async with connect(address, additional_headers=headers, proxy=None) as opened:
        async for message in opened:
            yield json.loads(message)["event"]


async def _server_sent(client: httpx.AsyncClient, entry: str) -> AsyncIterator[str]:
    async with aconnect_sse(client, "GET", f"{entry}/reflection/live") as source:
        async for event in source.aiter_sse():
            yield event.event


@contextmanager
def scripted_ollama() -> Generator[str]:
    """A model server of fixed cadence, in a process of its own."""
    command = [sys.executable, "-m", "support.scripted_ollama"]
    flags = ["--latency-s", str(LATENCY_S), "--token-s", str(TOKEN_S)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen([*command, *flags], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def table(measured: list[Figures]) -> str:
    head = "| model server | client | reflections | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(row for figures in measured for row in figures.rows())])


def page(measured: list[Figures], load: float) -> str:
    return f"""# The first words, live

How long the first words of a reflection take from Ollama to a reader. A tap before the model server notes when they
leave it; each figure is the time from there to the client. "bare" is a client that streams from the same Ollama
through the same tap. The way of the others: worker, core NATS, gateway, WebSocket or server-sent events. The aim is
{AIM_MS} ms.

- Command: `make bench-live`
- Date: {datetime.now(UTC):%Y-%m-%d}
- Machine: {os.cpu_count()} {platform.machine()} cores, {platform.system()}, Python {platform.python_version()};
  the client, the tap and the whole embedded stack share them; load of the last minute {load:.1f}
- scripted: {LATENCY_S * 1000:g} ms to the first token, {TOKEN_S * 1000:g} ms between tokens
- embedded: `{EMBEDDED.chat_model}`, which writes on the same cores; its checks are off, for with
  them a reflection is shown when it is whole

{table(measured)}

The first words are those of the text: the model writes a JSON document, and what comes before its first word is not
counted.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--embedded-rounds", type=int, default=3)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="daybook-bench-") as folder, scripted_ollama() as scripted:
        Path(folder).chmod(0o755)
        with Stack(StackConfig(home=Path(folder), models=EMBEDDED), say=print) as stack:
            embedded = f"http://127.0.0.1:{stack.ports['models']}"
            rounds = (("scripted", scripted, options.rounds), ("embedded", embedded, options.embedded_rounds))
            measured: list[Figures] = []
            for figures in (asyncio.run(measure(stack, *one)) for one in rounds):
                measured.append(figures)
                print(table([figures]), flush=True)
            load = os.getloadavg()[0]
    if options.write:
        options.write.write_text(page(measured, load))


if __name__ == "__main__":
    main()
