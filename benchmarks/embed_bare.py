"""The model server alone: texts a call, what a lone text waits behind a call, what one bad text costs, memory."""

import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embed_texts import UNREADABLE

from devstack.stack import Stack
from enrichment_worker.embedding import EmbeddedText, embed_texts
from ollama_client import OllamaClient, OllamaConfig
from worker_kit import model_facts

MODEL = "all-minilm"
#: As a person's search is embedded.
QUESTION = "when did I last walk by the sea?"
#: A call is surely at the model after this share of the time that it takes, within these bounds.
_UNDER_WAY_SHARE = 0.15
_UNDER_WAY_S = (0.02, 0.3)

Samples = dict[int, list[float]]


@dataclass(frozen=True)
class Memory:
    """Megabytes of the model server."""

    #: After one text.
    loaded_mb: float
    #: The most, after one call of the size.
    most_mb: float


class BareFigures:
    """Seconds by size of a call, one sample a round."""

    def __init__(self) -> None:
        #: All texts, in calls of so many.
        self.all_s: Samples = defaultdict(list)
        #: A question that comes while such a call is at the model.
        self.behind_s: Samples = defaultdict(list)
        #: A question that comes after such a call was cancelled.
        self.cancelled_s: Samples = defaultdict(list)
        #: As the pipeline embeds so many, and the same with a text among them that the model refuses.
        self.good_s: Samples = defaultdict(list)
        self.bad_s: Samples = defaultdict(list)


async def measure_bare(url: str, texts: Sequence[str], sizes: Sequence[int], rounds: int) -> BareFigures:
    """Each size once a round, in random order, one call at a time."""
    figures = BareFigures()
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:
        await ollama.embed(MODEL, [QUESTION])  # loads the model
        for _ in range(rounds):
            for size in random.sample(list(sizes), len(sizes)):
                figures.all_s[size].append(await _calls_s(ollama, texts, size))
                some = [texts[n % len(texts)] for n in range(size)]
                figures.good_s[size].append(call_s := await _pipeline_s(ollama, some))
                after_s = max(_UNDER_WAY_S[0], min(_UNDER_WAY_S[1], call_s * _UNDER_WAY_SHARE))
                figures.behind_s[size].append(await _question_s(ollama, some, after_s, cancel=False))
                figures.cancelled_s[size].append(await _question_s(ollama, some, after_s, cancel=True))
                figures.bad_s[size].append(await _pipeline_s(ollama, [*some[:-1], UNREADABLE]))
    return figures


def measure_memory(stack: Stack, texts: Sequence[str], size: int) -> Memory:
    """Of a server just started, so that what other sizes needed does not count."""
    stack.restart("models")
    part = stack.part("models")
    assert part.process.pid is not None
    url = f"http://127.0.0.1:{part.port}"
    asyncio.run(_one_call(url, texts[:1]))
    loaded_mb, _ = _resident_mb(part.process.pid)
    asyncio.run(_one_call(url, [texts[n % len(texts)] for n in range(size)]))
    return Memory(loaded_mb, _resident_mb(part.process.pid)[1])


async def _one_call(url: str, texts: Sequence[str]) -> None:
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:
        await ollama.embed(MODEL, texts)


def _resident_mb(pid: int) -> tuple[float, float]:
    """(now, at most so far) megabytes of a process in memory."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    now, most = (float(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


async def _calls_s(ollama: OllamaClient, texts: Sequence[str], size: int) -> float:
    began_s = time.perf_counter()
    for first in range(0, len(texts), size):
        await ollama.embed(MODEL, texts[first : first + size])
    return time.perf_counter() - began_s


async def _question_s(ollama: OllamaClient, texts: Sequence[str], after_s: float, *, cancel: bool) -> float:
    """What a question takes that is asked `after_s` into a call of `texts`, or of a cancelled one."""
    before = asyncio.create_task(ollama.embed(MODEL, texts))
    await asyncio.sleep(after_s)
    if cancel:
        before.cancel()
    began_s = time.perf_counter()
    await ollama.embed(MODEL, [QUESTION])
    took_s = time.perf_counter() - began_s
    await asyncio.gather(before, return_exceptions=True)
    return took_s


async def _pipeline_s(ollama: OllamaClient, texts: Sequence[str]) -> float:
    """As a task embeds a batch: together, and one by one where a text is refused."""
    model = await model_facts(ollama, MODEL)
    began_s = time.perf_counter()
    results = await embed_texts(ollama, model, texts)
    assert all(isinstance(result, EmbeddedText) for result in results)
    return time.perf_counter() - began_s


def median_ratio(samples: Samples, size: int, beside: int) -> float:
    """How many times as fast as `beside`, round by round."""
    return statistics.median(b / a for a, b in zip(samples[size], samples[beside], strict=True))
