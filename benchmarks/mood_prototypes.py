"""How well centroids of embedded exemplars tell moods apart, and from which margin on they are to be trusted.

Four looks, hardest to fool first:
- cross: each exemplar judged by centroids made without it and without its column (column n of a label is topic n, one
  order of topics for all labels), so that a shared topic cannot help. The margin is suggested from this alone.
- plain, subtle: `mood_heldout.json`, written before anything was measured. Few: a step of one is 2.5 % and 5 %.
- journal: texts of real people with labels of their own, where `../shared/data/journal_texts.jsonl` is present. Their
  words are fewer and differ from ours: a label counts as right if it is one that MEANT allows for any of theirs.
"""

import argparse
import asyncio
import itertools
import json
import math
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ollama_client import OllamaClient, OllamaConfig

ROOT = Path(__file__).parents[1]
EXEMPLARS = ROOT / "services/enrichment-worker/src/enrichment_worker/exemplars/mood_exemplars.json"
HELDOUT = ROOT / "benchmarks/mood_heldout.json"
JOURNAL = ROOT.parent / "shared/data/journal_texts.jsonl"
BATCH = 32
MARGINS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
WANTED_ACCURACY = 0.85
MEANT = {
    "happy": {"joyful", "content", "grateful"},
    "excited": {"joyful", "hopeful"},
    "satisfied": {"content", "grateful"},
    "proud": {"content", "joyful"},
    "calm": {"calm", "content"},
    "anxious": {"anxious"},
    "afraid": {"anxious"},
    "frustrated": {"angry"},
    "angry": {"angry"},
    "disgusted": {"angry"},
    "sad": {"sad", "lonely"},
    "ashamed": {"sad"},
    "bored": {"tired", "lonely"},
}

Vector = Sequence[float]


@dataclass(frozen=True)
class Verdict:
    label: str
    meant: frozenset[str]
    #: Similarity to the nearest centroid minus that to the second nearest.
    margin: float

    @property
    def right(self) -> bool:
        return self.label in self.meant


def unit(vector: Vector) -> list[float]:
    length = math.hypot(*vector)
    return [x / length for x in vector]


def dot(one: Vector, other: Vector) -> float:
    return math.fsum(x * y for x, y in zip(one, other, strict=True))


def centroid(vectors: Sequence[Vector]) -> list[float]:
    return unit([math.fsum(column) for column in zip(*vectors, strict=True)])


def judge(vector: Vector, centroids: dict[str, list[float]], meant: set[str]) -> Verdict:
    near = sorted(((dot(vector, other), label) for label, other in centroids.items()), reverse=True)
    return Verdict(near[0][1], frozenset(meant), near[0][0] - near[1][0])


def report(name: str, verdicts: list[Verdict], valence: dict[str, float]) -> None:
    signs = [valence[v.label] * valence[next(iter(v.meant))] > 0 for v in verdicts]
    print(f"\n{name}: {len(verdicts)} texts, {share(v.right for v in verdicts)} right, valence sign {share(signs)}")
    for margin in MARGINS:
        kept = [v.right for v in verdicts if v.margin >= margin]
        print(f"  margin >= {margin:.2f}: answers {len(kept) / len(verdicts):4.0%}, of these right {share(kept)}")
    wrong = Counter(f"{'/'.join(sorted(v.meant))} as {v.label}" for v in verdicts if not v.right)
    print("  most confused:", ", ".join(f"{pair} {n}" for pair, n in wrong.most_common(5)))


def share(outcomes: Iterator[bool] | list[bool]) -> str:
    values = list(outcomes)
    return f"{sum(values) / len(values):4.0%}" if values else "   -"


def suggested_margin(verdicts: list[Verdict]) -> float:
    for margin in itertools.count(0.0, 0.005):
        kept = [v.right for v in verdicts if v.margin >= margin]
        if not kept or sum(kept) / len(kept) >= WANTED_ACCURACY:
            return margin
    raise AssertionError


async def measure(url: str, model: str, rows: list[dict[str, Any]]) -> None:
    labels = json.loads(EXEMPLARS.read_text())["labels"]
    valence = {label: entry["valence"] for label, entry in labels.items()}
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:

        async def embed(texts: list[str]) -> list[list[float]]:
            found: list[list[float]] = []
            for first in range(0, len(texts), BATCH):
                answer = await ollama.embed(model, texts[first : first + BATCH], truncate=True)
                found += map(unit, answer.vectors)
            return found

        vectors = {label: await embed(entry["exemplars"]) for label, entry in labels.items()}
        cross = list(across_columns(vectors))
        report("cross", cross, valence)
        print(
            f"  suggested: abstain below a margin of {suggested_margin(cross):.3f} ({WANTED_ACCURACY:.0%} right above)"
        )
        centroids = {label: centroid(own) for label, own in vectors.items()}
        for name, by_label in json.loads(HELDOUT.read_text()).items():
            pairs = [(text, label) for label in labels for text in by_label[label]]
            found = await embed([text for text, _ in pairs])
            report(name, [judge(v, centroids, {label}) for v, (_, label) in zip(found, pairs, strict=True)], valence)
        if not rows:
            return
        meant = [set[str]().union(*(MEANT.get(word, set()) for word in row["emotions"])) for row in rows]
        known = [(row["text"], allowed) for row, allowed in zip(rows, meant, strict=True) if allowed]
        found = await embed([text for text, _ in known])
        verdicts = [judge(v, centroids, allowed) for v, (_, allowed) in zip(found, known, strict=True)]
        report("journal", verdicts, valence)


def across_columns(vectors: dict[str, list[list[float]]]) -> Iterator[Verdict]:
    for column in range(min(map(len, vectors.values()))):
        centroids = {label: centroid(own[:column] + own[column + 1 :]) for label, own in vectors.items()}
        for label, own in vectors.items():
            yield judge(own[column], centroids, {label})


def journal_rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        print(f"journal: skipped, {path} is not present")
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def embedded_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "devstack.ollama", "--data", data, "--port", str(port)]
        with subprocess.Popen(command) as process:
            try:
                wait_for(url, process)
                yield url
            finally:
                process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the model server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an Ollama that runs; without it the embedded model server is started")
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--journal", type=Path, default=JOURNAL, help="JSON lines with `text` and `emotions`")
    options = parser.parse_args()
    rows = journal_rows(options.journal)
    if options.url:
        asyncio.run(measure(options.url, options.model, rows))
    else:
        with embedded_server() as url:
            asyncio.run(measure(url, options.model, rows))


if __name__ == "__main__":
    main()
