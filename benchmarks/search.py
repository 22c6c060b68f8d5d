"""Finding entries in one journal: by meaning, by words, by both, and how long it takes, at growing sizes.

What is looked for: 20 entries of the demo's diary, each by a paraphrase written by hand and by five words of its own in
a row, and 40 entries by a made-up name that stands in each once. Around them is a crowd of made-up entries: two to four
sentences out of the other 20 diary entries and the mood exemplars. A crowd entry's vector is the mean of its sentences'
vectors (of the real model), with some noise; the vectors of the diary entries and of the queries are the model's own.
A second journal in the same collection holds the same names: a hit from there ends the benchmark.

Recall@10 is the share of queries whose entry is among the first ten: one entry is right, though others may be as good.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import random
import re
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from qdrant_client import AsyncQdrantClient, models

from devstack.ports import free_port
from devstack.process import ServerProcess
from devstack.qdrant.server import QdrantServer
from entry_index import (
    Chunk,
    EmbeddingModel,
    EntryHit,
    EntryIndex,
    IndexConfig,
    IndexedEntry,
    Lexicon,
    SearchFilters,
)
from entry_index._points import points_of
from ollama_client import OllamaClient, OllamaConfig

ROOT = Path(__file__).parents[1]
DIARY = ROOT / "deploy/embedded/src/devstack/demo/diary.jsonl"
EXEMPLARS = ROOT / "services/enrichment-worker/src/enrichment_worker/prompts/mood.examples.json"
PARAPHRASES = ROOT / "benchmarks/search_queries.json"
MODEL = "all-minilm"
JOURNAL, OTHER_JOURNAL = "bench", "other"
LEXICON = Lexicon(b"the key of the search benchmark")
NAMES = 40
_SYLLABLES = ("zor", "mik", "vel", "tash", "bru", "quin", "lod", "phe", "gar", "nub", "wex", "ilo")
_SENTENCE = re.compile(r"[^.!?]+[.!?]+")
_BATCH = 64
_LIMIT = 10

Vector = tuple[float, ...]
Search = Callable[[str, Vector], Awaitable[list[EntryHit]]]


@dataclass(frozen=True)
class Query:
    kind: str
    text: str
    wanted: UUID


@dataclass(frozen=True)
class Row:
    entries: int
    mode: str
    recall: dict[str, float]
    p50_ms: float
    p95_ms: float


class Crowd:
    """Makes entries out of sentences whose vectors are known."""

    def __init__(self, sentences: Sequence[str], vectors: Sequence[Vector], seed: int) -> None:
        self._pairs = list(zip(sentences, vectors, strict=True))
        self._random = random.Random(seed)

    def entry(self, journal: str, extra: str = "") -> IndexedEntry:
        chosen = self._random.sample(self._pairs, self._random.randint(2, 4))
        mean = [sum(column) / len(chosen) for column in zip(*(vector for _, vector in chosen), strict=True)]
        noise = 0.1 / math.sqrt(len(mean))
        text = " ".join([*(sentence for sentence, _ in chosen), extra])
        return indexed(journal, text, unit([each + self._random.gauss(0, noise) for each in mean]), self._random)


def indexed(journal: str, text: str, vector: Vector, chance: random.Random) -> IndexedEntry:
    written_at = datetime.now(UTC) - timedelta(days=chance.randint(0, 3000))
    chunk = Chunk(0, 0, len(text), vector, LEXICON.passage_terms(journal, text))
    return IndexedEntry(journal, uuid4(), 1, written_at, (f"tag-{chance.randint(0, 9)}",), (chunk,))


def unit(vector: Sequence[float]) -> Vector:
    length = math.hypot(*vector)
    return tuple(each / length for each in vector)


def made_up_name(number: int) -> str:
    first, rest = divmod(number, len(_SYLLABLES))
    return f"{_SYLLABLES[first]}{_SYLLABLES[rest]}{_SYLLABLES[(first + rest) % len(_SYLLABLES)]}".capitalize()


async def embed(ollama: OllamaClient, texts: Sequence[str]) -> list[Vector]:
    found: list[Vector] = []
    for start in range(0, len(texts), _BATCH):
        answer = await ollama.embed(MODEL, list(texts[start : start + _BATCH]))
        found += [unit(vector) for vector in answer.vectors]
    return found


async def corpus(ollama: OllamaClient, seed: int) -> tuple[Crowd, list[IndexedEntry], list[tuple[Query, Vector]]]:
    """The crowd, the entries that are looked for, and the queries."""
    chance = random.Random(seed)
    diary = [json.loads(line)["body"] for line in DIARY.read_text().splitlines()]
    paraphrases: dict[str, str] = json.loads(PARAPHRASES.read_text())
    others = [body for number, body in enumerate(diary) if str(number) not in paraphrases]
    pool = [match.strip() for body in others for match in _SENTENCE.findall(body)]
    pool += [sentence for sentence in _strings(json.loads(EXEMPLARS.read_text())) if len(sentence.split()) > 4]
    crowd = Crowd(pool, await embed(ollama, pool), seed)
    wanted: list[IndexedEntry] = []
    queries: list[Query] = []
    bodies = [diary[int(number)] for number in paraphrases]
    for body, vector, paraphrase in zip(bodies, await embed(ollama, bodies), paraphrases.values(), strict=True):
        entry = indexed(JOURNAL, body, vector, chance)
        words = body.split()
        start = chance.randrange(len(words) - 5)
        queries += [
            Query("paraphrase", paraphrase, entry.entry_id),
            Query("own words", " ".join(words[start : start + 5]), entry.entry_id),
        ]
        wanted.append(entry)
    for number in range(NAMES):
        name = made_up_name(number)
        entry = crowd.entry(JOURNAL, f"{name} was there too.")
        queries.append(Query("name", f"the day with {name}", entry.entry_id))
        wanted.append(entry)
    vectors = await embed(ollama, [query.text for query in queries])
    return crowd, wanted, list(zip(queries, vectors, strict=True))


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [each for item in value.values() for each in _strings(item)]
        case list():
            return [each for item in value for each in _strings(item)]
        case _:
            return []


def searches(index: EntryIndex, raw: AsyncQdrantClient, some: SearchFilters) -> dict[str, Search]:
    """What is compared. `some` are the entries of a mood filter."""

    def by(*, dense: bool = True, words: bool = True, filters: SearchFilters | None = None) -> Search:
        async def search(text: str, vector: Vector) -> list[EntryHit]:
            terms = LEXICON.query_terms(JOURNAL, text) if words else None
            return await index.search(JOURNAL, vector if dense else None, terms=terms, limit=_LIMIT, filters=filters)

        return search

    async def by_rrf(text: str, vector: Vector) -> list[EntryHit]:
        """As the engine fuses: ranks of chunks."""
        terms = LEXICON.query_terms(JOURNAL, text)
        mine = models.Filter(must=[models.FieldCondition(key="journal", match=models.MatchValue(value=JOURNAL))])
        sparse = models.SparseVector(indices=list(terms.indices), values=list(terms.values))
        corpus = models.SearchParams(idf=models.IdfCorpusParams(corpus=mine))
        answer = await raw.query_points(
            "journal",
            prefetch=[
                models.Prefetch(query=list(vector), using="dense", filter=mine, limit=50),
                models.Prefetch(query=sparse, using="bm25", filter=mine, limit=50, params=corpus),
            ],
            query=models.RrfQuery(rrf=models.Rrf(k=60)),
            query_filter=mine,
            limit=_LIMIT,
            with_payload=["entry_id"],
        )
        return [EntryHit(UUID((point.payload or {})["entry_id"]), 1, 0, 0, 0, 0) for point in answer.points]

    return {
        "dense": by(words=False),
        "lexical": by(dense=False),
        "hybrid": by(),
        "hybrid by ranks, in the engine (RRF)": by_rrf,
        f"hybrid among {len(some.entry_ids or ())} entries of a mood": by(filters=some),
    }


async def measure(mode: str, own: frozenset[UUID], search: Search, queries: Sequence[tuple[Query, Vector]]) -> Row:
    took: list[float] = []
    found: dict[str, list[bool]] = {}
    for query, vector in queries:
        began = time.perf_counter()
        hits = await search(query.text, vector)
        took.append((time.perf_counter() - began) * 1000)
        assert all(hit.entry_id in own for hit in hits), "a hit from another journal"
        found.setdefault(query.kind, []).append(query.wanted in {hit.entry_id for hit in hits})
    took.sort()
    recall = {kind: statistics.fmean(hit) for kind, hit in found.items()}
    return Row(len(own), mode, recall, took[len(took) // 2], took[int(len(took) * 0.95)])


async def run(qdrant: str, ollama_url: str, sizes: Sequence[int], seed: int) -> AsyncGenerator[Row, None]:
    raw = AsyncQdrantClient(url=qdrant, check_compatibility=False, trust_env=False, timeout=60)
    async with (
        OllamaClient(OllamaConfig(base_url=ollama_url)) as ollama,
        EntryIndex(IndexConfig(url=qdrant, timeout_s=60)) as index,
    ):
        crowd, wanted, queries = await corpus(ollama, seed)
        await index.ensure(EmbeddingModel(MODEL, "bench", len(queries[0][1])), lexicon=LEXICON.mark)
        await index.upsert_many(wanted)
        foreign = [crowd.entry(OTHER_JOURNAL, f"{made_up_name(number)} was there too.") for number in range(NAMES)]
        await index.upsert_many(foreign)
        ids = [entry.entry_id for entry in wanted]
        for size in sizes:
            while len(ids) < size:
                batch = [crowd.entry(JOURNAL) for _ in range(min(_BATCH * 4, size - len(ids)))]
                # Not by `upsert_many`, which looks for other revisions: these are all new.
                await raw.upsert("journal", [point for entry in batch for point in points_of(entry)], wait=True)
                ids += [entry.entry_id for entry in batch]
            print(f"{size} entries are indexed", file=sys.stderr, flush=True)
            # Every fifth entry of the crowd, and all that is looked for.
            some = SearchFilters(entry_ids=(*ids[: len(wanted)], *ids[len(wanted) :: 5]))
            own = frozenset(ids)
            for mode, search in searches(index, raw, some).items():
                await measure(mode, own, search, queries[:3])
                yield await measure(mode, own, search, queries)
    await raw.close()


def report(rows: Sequence[Row], command: str) -> str:
    kinds = ("paraphrase", "own words", "name")
    where = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} (other programs were running)"
    lines = [
        "# Search: recall and time",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {where}, Python {platform.python_version()}, {MODEL}.",
        "",
        *(__doc__ or "").strip().split("\n")[2:],
        "",
        "Times are of the index alone, one query after another, without the embedding of the query.",
        "",
        "| entries | search | " + " | ".join(f"recall@10, {kind}" for kind in kinds) + " | p50 ms | p95 ms |",
        "|---|---|" + "---|" * (len(kinds) + 2),
    ]
    for row in rows:
        recall = " | ".join(f"{row.recall.get(kind, 0):.2f}" for kind in kinds)
        lines.append(f"| {row.entries:,} | {row.mode} | {recall} | {row.p50_ms:.1f} | {row.p95_ms:.1f} |")
    return "\n".join(lines) + "\n"


async def tell(found: AsyncGenerator[Row, None], page: Path | None) -> None:
    """The page grows with each row: what was measured stays, if the run is stopped."""
    rows: list[Row] = []
    async for row in found:
        rows.append(row)
        if page:
            page.write_text(report(rows, "make bench-search"))  # noqa: ASYNC240 - between measurements, of a few kilobytes
    print(report(rows, "benchmarks/search.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "devstack.ollama", "--data", str(ROOT / ".daybook/models"), "--port", str(port)]
    with TemporaryDirectory(prefix="daybook-search-") as directory:
        home = Path(directory)
        server = ServerProcess("models", command, log=home / "models.log")
        server.start()
        try:
            server.wait_until(lambda: "listening on" in (home / "models.log").read_text(), within_s=120)
            with QdrantServer(home / "qdrant") as qdrant:
                asyncio.run(
                    tell(run(qdrant.url, f"http://127.0.0.1:{port}", options.sizes, options.seed), options.write)
                )
        finally:
            server.stop()


if __name__ == "__main__":
    main()
