"""How fast entries become enriched, beside the same model server driven flat out by a bare script.

Two stacks, one after the other: (a) the real embedded models, (b) a scripted Ollama of fixed latency, moods by chat.
All entries are posted at once; an entry is enriched when its last enrichment is recorded, by the gateway's clock, which
is this machine's. The bare script sends the same texts to the same server as fast as it answers: the limit.
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from devstack.model_choice import EMBEDDED, ModelChoice
from devstack.stack import Stack
from devstack.stack_config import StackConfig
from ollama_client import Message, OllamaClient, OllamaConfig

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "benchmarks" / "pipeline.md"
LATENCY_S = 0.05
CONCURRENCY = 2
_CONNECTIONS = 8
_PAGE = 100
_SETTLED_S = 600.0

Entry = dict[str, object]


@dataclass(frozen=True)
class Outcome:
    name: str
    entries: int
    seconds: float
    p50_s: float
    p95_s: float
    #: The bare script's seconds for the same work.
    bare_s: float

    @property
    def row(self) -> str:
        rate, limit = self.entries / self.seconds, self.entries / self.bare_s
        return (
            f"| {self.name} | {self.entries} | {rate:.1f} | {limit:.1f} | {rate / limit:.2f} "
            f"| {self.p50_s:.2f} | {self.p95_s:.2f} |"
        )


def texts(count: int) -> list[str]:
    """All different, about sixty words each."""
    return [
        f"Day {n}. Rain until noon, then I walked to the harbour with Nora and counted {n % 17} boats. We spoke of the "
        "move again. I was tired and short with her, and sorry after. In the evening soup, a letter to my brother, and "
        f"page {n} of the long book. I hope tomorrow is kinder, and I think it may be."
        for n in range(count)
    ]


async def post_all(stack: Stack, bodies: list[str], journal: str = "bench") -> None:
    limits = httpx.Limits(max_connections=_CONNECTIONS)
    async with client_of(stack, limits=limits) as client:
        await client.put(f"/v1/journals/{journal}")

        async def post(body: str) -> None:
            (await client.post(f"/v1/journals/{journal}/entries", json={"body": body})).raise_for_status()

        await asyncio.gather(*map(post, bodies))


async def settled(stack: Stack, count: int, journal: str = "bench", *, every_s: float = 0.5) -> list[Entry]:
    """Every entry, once nothing about it is pending."""
    deadline_s = time.monotonic() + _SETTLED_S
    async with client_of(stack) as client:
        while time.monotonic() < deadline_s:
            entries: list[Entry] = []
            cursor: str | None = None
            while True:
                query = {"limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {})
                page = (await client.get(f"/v1/journals/{journal}/entries", params=query)).raise_for_status().json()
                entries += page["entries"]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            states = [e["state"] for entry in entries for e in entry["enrichments"].values()]  # type: ignore[attr-defined] - an entry is JSON
            if len(entries) == count and "pending" not in states:
                assert set(states) == {"done"}, "an enrichment failed"
                return entries
            await asyncio.sleep(every_s)
    raise TimeoutError(f"not all of {count} entries were enriched within {_SETTLED_S:g} s")


def client_of(stack: Stack, **options: httpx.Limits) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=stack.gateway_url,
        headers={"Authorization": f"Bearer {stack.admin_key}"},
        trust_env=False,
        timeout=120,
        **options,  # type: ignore[arg-type] - limits, or nothing
    )


async def bare(url: str, models: ModelChoice, bodies: list[str]) -> float:
    """Seconds that the model server takes for the same calls with nothing around them."""
    began_s = time.perf_counter()
    gate = asyncio.Semaphore(CONCURRENCY)
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:

        async def embed(batch: list[str]) -> None:
            async with gate:
                await ollama.embed(models.embedding_model, batch)

        async def feel(body: str) -> None:
            async with gate:
                if models.mood_method == "llm":
                    await ollama.chat(models.chat_model, [Message.user(body)], answer_format="json")
                else:
                    await ollama.embed(models.embedding_model, [body])

        batches = [bodies[first : first + 32] for first in range(0, len(bodies), 32)]
        await asyncio.gather(*map(embed, batches), *map(feel, bodies))
    return time.perf_counter() - began_s


def measure(name: str, models: ModelChoice, count: int) -> Outcome:
    with TemporaryDirectory(prefix="daybook-bench-") as folder:
        Path(folder).chmod(0o755)
        with Stack(StackConfig(home=Path(folder), models=models), say=print) as stack:
            return asyncio.run(measure_on(stack, name, models, count))


async def measure_on(stack: Stack, name: str, models: ModelChoice, count: int) -> Outcome:
    """What that stack makes of so many entries in a new journal, then the bare script on its model server."""
    bodies, journal = texts(count), f"bench-{time.time_ns()}"
    url = models.url or f"http://127.0.0.1:{stack.ports['models']}"
    await bare(url, models, bodies[:2])  # the model is loaded before anything is timed
    began_s = time.perf_counter()
    await post_all(stack, bodies, journal)
    entries = await settled(stack, count, journal)
    took = [_latency_s(entry) for entry in entries]
    last_s = max(_recorded_at(entry) for entry in entries) - min(_created_at(entry) for entry in entries)
    print(f"{name}: {count} entries in {time.perf_counter() - began_s:.1f} s")
    bare_s = await bare(url, models, bodies)
    return Outcome(name, count, last_s, statistics.median(took), statistics.quantiles(took, n=20)[-1], bare_s)


def table(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        "| stack | entries | entries/s | limit entries/s | ratio | p50 s | p95 s |",
        "|---|---|---|---|---|---|---|",
        *(outcome.row for outcome in outcomes),
    ]


def _created_at(entry: Entry) -> float:
    return datetime.fromisoformat(str(entry["created_at"])).timestamp()


def _recorded_at(entry: Entry) -> float:
    enrichments = entry["enrichments"]
    assert isinstance(enrichments, dict)
    return max(datetime.fromisoformat(e["updated_at"]).timestamp() for e in enrichments.values())


def _latency_s(entry: Entry) -> float:
    return _recorded_at(entry) - _created_at(entry)


@contextmanager
def scripted_ollama() -> Generator[str, None, None]:
    command = [sys.executable, "-m", "support.scripted_ollama", "--latency-s", str(LATENCY_S)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200)
    count: int = parser.parse_args().entries
    with scripted_ollama() as url:
        fixed = ModelChoice(url, "all-minilm", "smollm2:135m", "llm", "scripted")
        outcomes = [measure(f"(b) scripted, {LATENCY_S * 1000:g} ms a call, moods by chat", fixed, count)]
    outcomes.insert(0, measure("(a) embedded models, moods by prototypes", EMBEDDED, count))
    lines = table(outcomes)
    print("\n".join(lines))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(
        f"# The pipeline\n\n`make bench-pipeline` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores "
        f"({platform.machine()}), Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end.\n"
        "All entries are posted at once, so p50 and p95 are mostly waiting in line. The limit is the same model "
        "server\ndriven flat out by a bare script, two calls at a time.\n\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
