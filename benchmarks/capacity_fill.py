"""Fills PostgreSQL, JetStream and Qdrant with a diary's life, by the services' own code and without a model."""

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

import numpy as np

from contracts.api import RecordEnrichment, RecordReflection
from contracts.entries import EntryDraft, EntryView
from devstack.demo.diary import load_diary
from enrichment_worker.embedding import EmbeddedText
from enrichment_worker.pipeline import indexed_entry
from entry_index import EmbeddingModel, EntryIndex, Lexicon
from gateway.db.store import Store
from gateway.domain.principals import ALL_JOURNALS, SCOPES, Principal
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.keys import ensure_key
from gateway.service.put_journal import put_journal
from gateway.service.reflect import record_reflection, request_reflection
from worker_kit import PASSAGE_TOKENS, split

DIMENSION = 768
MODEL = EmbeddingModel("all-minilm", sha256(b"weights").hexdigest(), DIMENSION)
CHAT_MODEL = "llama3.2:3b"
#: One journal has a tenth of all entries, the others share the rest alike.
LARGE = "large"
LARGE_SHARE = 10
#: One entry in so many has a reflection.
REFLECTED = 10
YEARS = 5
TAGS = ("work", "family", "walk", "sleep", "rain", "food", "books", "music", "garden", "travel", "money", "health")
LABELS = ("joyful", "content", "grateful", "hopeful", "calm", "anxious", "sad", "angry", "tired", "lonely", "mixed")
#: Characters of a text: its median, and how far texts are from it (of the logarithm).
TEXT_MEDIAN, TEXT_SPREAD, TEXT_MAX = 550, 0.7, 8000
_BATCH = 32
#: Batches, and transactions: who waits for a connection for long is told that PostgreSQL is away.
_AT_ONCE = 3
_TRANSACTIONS = 8
_RATIONALE = "The writer tells of a plain day and dwells on what went well, with some worry about tomorrow."
_REFLECTION = {
    "text": "You spent the day between what had to be done and what you would rather have done. You noticed the rain, "
    "and that it did not keep you inside. Something of the evening stayed with you. It sounds as if you wished for "
    "more of it.",
    "questions": ["What would make tomorrow a little lighter?", "Whom would you tell of this evening?"],
}


@dataclass
class Filled:
    """What was put in."""

    entries: int = 0
    chars: int = 0
    body_bytes: int = 0
    passages: int = 0
    reflections: int = 0
    #: Some of the ids, by journal.
    ids: dict[str, list[EntryView]] = field(default_factory=dict)


@dataclass(frozen=True)
class Filling:
    store: Store
    index: EntryIndex
    lexicon: Lexicon
    principal: Principal
    filled: Filled
    room: asyncio.Semaphore

    async def batch(self, numbers: range, journals: list[str], seed: int) -> None:
        chance = random.Random(seed)
        texts = [text(chance) for _ in numbers]
        entries = await asyncio.gather(
            *(self._write(n, journals[n], one, chance) for n, one in zip(numbers, texts, strict=True))
        )
        vectors = np.random.default_rng(seed)
        embedded = [_embedded(one, vectors) for one in texts]
        await self.index.upsert_many(
            [indexed_entry(entry, result, self.lexicon) for entry, result in zip(entries, embedded, strict=True)]
        )
        await asyncio.gather(
            *(self._enrich(entry, len(made.spans), chance) for entry, made in zip(entries, embedded, strict=True))
        )
        for entry, made in zip(entries, embedded, strict=True):
            self._count(entry, made)

    async def _write(self, number: int, journal: str, body: str, chance: random.Random) -> EntryView:
        at = datetime(2026, 11, 29, tzinfo=UTC) - timedelta(minutes=chance.randrange(YEARS * 365 * 24 * 60))
        draft = EntryDraft.model_validate(
            {
                "body": body,
                "written_at": at,
                "tags": chance.sample(TAGS, chance.randrange(4)),
                "metadata": {"app": "bench", "words": len(body.split())},
            }
        )
        async with self.room:
            created = await create_entry(self.store, self.principal, journal, draft, idempotency_key=f"bench-{number}")
        return created.entry

    async def _enrich(self, entry: EntryView, passages: int, chance: random.Random) -> None:
        labels = chance.sample(LABELS, chance.randrange(1, 4))
        mood = {
            "kind": "mood",
            "method": "llm",
            "label": labels[0],
            "valence": round(chance.uniform(-1, 1), 2),
            "arousal": round(chance.random(), 2),
            "emotions": [{"label": label, "intensity": round(chance.random(), 2)} for label in labels],
            "confidence": 0.7,
            "rationale": _RATIONALE,
            "provenance": _provenance(CHAT_MODEL),
        }
        embedding = {
            "kind": "embedding",
            "dimension": DIMENSION,
            "chunks": passages,
            "lexicon": self.lexicon.mark,
            "provenance": _provenance(MODEL.name),
        }
        named = {"journal": entry.journal, "entry_id": entry.id, "revision": entry.revision}
        for result in (embedding, mood):
            report = RecordEnrichment.model_validate(named | {"kind": result["kind"], "result": result})
            async with self.room:
                await record_enrichment(self.store, self.principal, report)
        if chance.randrange(REFLECTED) == 0:
            await self._reflect(entry, named)

    async def _reflect(self, entry: EntryView, named: dict[str, object]) -> None:
        async with self.room:
            await request_reflection(self.store, self.principal, entry.journal, entry.id)
        result = _REFLECTION | {"provenance": _provenance(CHAT_MODEL)}
        report = RecordReflection.model_validate(named | {"version": 1, "result": result})
        async with self.room:
            await record_reflection(self.store, self.principal, report)
        self.filled.reflections += 1

    def _count(self, entry: EntryView, made: EmbeddedText) -> None:
        self.filled.entries += 1
        self.filled.chars += len(entry.body)
        self.filled.body_bytes += len(entry.body.encode())
        self.filled.passages += len(made.spans)
        self.filled.ids.setdefault(entry.journal, []).append(entry)


async def fill(store: Store, index: EntryIndex, lexicon: Lexicon, key: str, *, entries: int, journals: int) -> Filled:
    """`entries` over `journals`, in no order of time, by an owner whose API key is `key`."""
    stored = await ensure_key(store, key, name="bench", scopes=SCOPES, journals=[ALL_JOURNALS])
    await index.ensure(MODEL, lexicon=lexicon.mark)
    names = [LARGE, *(f"journal-{number}" for number in range(1, journals))]
    for name in names:
        await put_journal(store, stored, name)
    filling = Filling(store, index, lexicon, stored, Filled(), asyncio.Semaphore(_TRANSACTIONS))
    spread = list(_spread(names, entries))
    random.Random(1).shuffle(spread)
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(start: int) -> None:
        async with room:
            await filling.batch(range(start, min(start + _BATCH, entries)), spread, seed=start)
        if start % (_BATCH * 50) == 0:
            print(f"{filling.filled.entries:,} entries", flush=True)

    async with asyncio.TaskGroup() as group:
        for start in range(0, entries, _BATCH):
            group.create_task(one(start))
    return filling.filled


def text(chance: random.Random) -> str:
    """Sentences of the demo's diary, in an order of chance, a number among them."""
    wanted = min(TEXT_MAX, max(40, chance.lognormvariate(np.log(TEXT_MEDIAN), TEXT_SPREAD)))
    parts = [f"Page {chance.randrange(1000)}."]
    while sum(map(len, parts)) + len(parts) < wanted:
        parts.append(chance.choice(_sentences()))
    return " ".join(parts)


@cache
def _sentences() -> tuple[str, ...]:
    bodies = " ".join(entry.draft.body for entry in load_diary())
    return tuple(part for part in re.split(r"(?<=[.!?])\s+", bodies) if part)


def _spread(names: list[str], entries: int) -> Iterator[str]:
    for number in range(entries):
        if number % LARGE_SHARE == 0 or len(names) == 1:
            yield names[0]
        else:
            yield names[1 + number % (len(names) - 1)]


def _embedded(body: str, vectors: np.random.Generator) -> EmbeddedText:
    spans = tuple(split(body, limit_tokens=PASSAGE_TOKENS))
    drawn = vectors.standard_normal((len(spans), DIMENSION)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return EmbeddedText(spans, tuple(tuple(map(float, each)) for each in drawn), 100 * len(spans), 30.0)


def _provenance(model: str) -> dict[str, object]:
    return {
        "model": model,
        "model_digest": sha256(model.encode()).hexdigest(),
        "prompt_version": "3f1c09a2d4b7",
        "prompt_tokens": 412,
        "answer_tokens": 96,
        "inference_ms": 1234.567,
    }
