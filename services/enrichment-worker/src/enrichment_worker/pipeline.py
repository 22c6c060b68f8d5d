"""What is done with entries, from reading them to recording the result. It has never heard of Celery.

Everything opens inside the coroutine and closes with it (ADR 0001). Every effect may happen twice: upserts are keyed by
entry and revision, and the gateway refuses results for revisions that are gone.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from contracts.api import RecordEnrichment
from contracts.enrichments import EmbeddingResult, EnrichmentKind, FailureReason, MoodMethod, MoodResult, Provenance
from contracts.entries import EntryView
from contracts.events import EntryRef
from enrichment_worker.embedding import EmbeddedText, embed_texts
from enrichment_worker.mood_llm import infer_by_llm
from enrichment_worker.mood_prototypes import infer_by_prototypes
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry, Lexicon, ModelMismatch, Terms
from ollama_client import OllamaClient, OllamaConfig, OllamaError, tagged_name
from worker_kit import GatewayClient, GatewayConfig, ModelFacts, model_facts

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    gateway: GatewayConfig
    ollama: OllamaConfig
    index: IndexConfig
    #: None: words are not indexed.
    lexicon: Lexicon | None
    #: Gather vectors beside another model's that are searched; else that is an error.
    rebuild_index: bool = False
    embedding_model: str
    chat_model: str
    mood_method: MoodMethod
    mood_context_tokens: int


@dataclass(frozen=True)
class Fault:
    """One entry's own failure, while the others of its batch went well."""

    ref: EntryRef
    error: Exception


async def embed_entries(config: PipelineConfig, refs: Sequence[EntryRef]) -> list[Fault]:
    """Index and record all `refs` that are still what their journal holds; the faults of single entries.

    Raises:
        OllamaError, EntryIndexError, WorkerError: what struck all of them.
    """
    async with _open(config) as (gateway, ollama), EntryIndex(config.index) as index:
        entries, erased = await _current(gateway, refs)
        await _erase_leftovers(index, erased)
        if not entries:
            return []
        model = await model_facts(ollama, config.embedding_model)
        results = await embed_texts(ollama, model, [entry.body for entry in entries])
        embedded = [(e, r) for e, r in zip(entries, results, strict=True) if isinstance(r, EmbeddedText)]
        faults = [Fault(_ref(e), r) for e, r in zip(entries, results, strict=True) if isinstance(r, OllamaError)]
        if embedded:
            mark = config.lexicon.mark if config.lexicon else ""
            indexed = EmbeddingModel(model.name, model.digest, embedded[0][1].dimension)
            written = await _written_index(config, index, indexed, mark)
            await written.upsert_many([indexed_entry(entry, result, config.lexicon) for entry, result in embedded])
            await asyncio.gather(*(_record_embedding(gateway, index, e, _result(model, mark, r)) for e, r in embedded))
        return faults


async def infer_mood(config: PipelineConfig, ref: EntryRef) -> None:
    """Raises: OllamaError, WorkerError."""
    async with _open(config) as (gateway, ollama):
        entries, _ = await _current(gateway, [ref])
        if not entries:
            return
        mood = await _mood(config, ollama, entries[0].body)
        await gateway.record(_enrichment(ref, "mood", result=mood))


async def record_failure(
    config: PipelineConfig, refs: Sequence[EntryRef], kind: EnrichmentKind, reason: FailureReason
) -> None:
    """Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        await asyncio.gather(*(gateway.record(_enrichment(ref, kind, reason=reason)) for ref in refs))


async def erase_entry(config: PipelineConfig, journal: str, entry_id: UUID) -> None:
    """Raises: EntryIndexError."""
    async with EntryIndex(config.index) as index:
        if await index.current_model() is not None:
            await index.erase_entry(journal, entry_id)


async def erase_journal(config: PipelineConfig, journal: str) -> None:
    """Raises: EntryIndexError."""
    async with EntryIndex(config.index) as index:
        if await index.current_model() is not None:
            await index.erase_journal(journal)


def indexed_entry(entry: EntryView, embedded: EmbeddedText, lexicon: Lexicon | None) -> IndexedEntry:
    """What the index is given of an entry: vectors and numbers for words, no text."""

    def terms(start: int, end: int) -> Terms | None:
        return lexicon.passage_terms(entry.journal, entry.body[start:end]) if lexicon else None

    chunks = tuple(
        Chunk(number, span.start, span.end, vector, terms(span.start, span.end))
        for number, (span, vector) in enumerate(zip(embedded.spans, embedded.vectors, strict=True))
    )
    return IndexedEntry(entry.journal, entry.id, entry.revision, entry.written_at, entry.tags, chunks)


@asynccontextmanager
async def _open(config: PipelineConfig) -> AsyncGenerator[tuple[GatewayClient, OllamaClient], None]:
    async with GatewayClient(config.gateway) as gateway, OllamaClient(config.ollama) as ollama:
        yield gateway, ollama


async def _written_index(config: PipelineConfig, index: EntryIndex, model: EmbeddingModel, mark: str) -> EntryIndex:
    """Raises: ModelMismatch where another model's vectors are searched, unless ours are to be gathered beside them."""
    if config.rebuild_index:
        there = [await index.current_model(), *await index.beside()]
        return await index.ensure_beside(_as_spelled(model, there), lexicon=mark)
    try:
        await index.ensure(model, lexicon=mark)
    except ModelMismatch as error:
        spelled = _as_spelled(model, [error.indexed])
        if spelled == model:
            raise
        await index.ensure(spelled, lexicon=mark)
    return index


def _as_spelled(model: EmbeddingModel, there: Sequence[EmbeddingModel | None]) -> EmbeddingModel:
    """The same model as the index names it: with `:latest` or without, by the settings of those who began it."""
    for each in there:
        if each and replace(each, name=tagged_name(each.name)) == replace(model, name=tagged_name(model.name)):
            return each
    return model


async def _current(gateway: GatewayClient, refs: Sequence[EntryRef]) -> tuple[list[EntryView], list[EntryRef]]:
    """The entries in the revision that is asked for (a newer one has an event of its own), and what was erased."""
    found = list(zip(refs, await asyncio.gather(*map(gateway.get_entry, refs)), strict=True))
    current = [entry for ref, entry in found if entry is not None and entry.revision == ref.revision]
    if len(current) < len(refs):
        log.info("pipeline.skipped", entries=len(refs) - len(current))
    return current, [ref for ref, entry in found if entry is None]


async def _erase_leftovers(index: EntryIndex, erased: Sequence[EntryRef]) -> None:
    """A worker killed between upsert and record leaves points, and the erasure may have come before them."""
    if erased and await index.current_model() is not None:
        await asyncio.gather(*(index.erase_entry(ref.journal, ref.entry_id) for ref in erased))


async def _mood(config: PipelineConfig, ollama: OllamaClient, body: str) -> MoodResult:
    match config.mood_method:
        case "prototypes":
            return await infer_by_prototypes(ollama, await model_facts(ollama, config.embedding_model), body)
        case "llm":
            model = await model_facts(ollama, config.chat_model)
            return await infer_by_llm(ollama, model, body, context_tokens=config.mood_context_tokens)


def _result(model: ModelFacts, lexicon: str, embedded: EmbeddedText) -> EmbeddingResult:
    return EmbeddingResult(
        dimension=embedded.dimension,
        chunks=len(embedded.spans),
        lexicon=lexicon,
        provenance=Provenance(
            model=model.name,
            model_digest=model.digest,
            prompt_tokens=embedded.prompt_tokens,
            inference_ms=embedded.inference_ms,
        ),
    )


async def _record_embedding(
    gateway: GatewayClient, index: EntryIndex, entry: EntryView, result: EmbeddingResult
) -> None:
    reply = await gateway.record(_enrichment(_ref(entry), "embedding", result=result))
    if reply.outcome == "entry_gone":
        # It was erased while we embedded it; its erasure may have reached the index before our upsert did.
        await index.erase_entry(entry.journal, entry.id)


def _ref(entry: EntryView) -> EntryRef:
    return EntryRef(journal=entry.journal, entry_id=entry.id, revision=entry.revision)


def _enrichment(
    ref: EntryRef,
    kind: EnrichmentKind,
    *,
    result: EmbeddingResult | MoodResult | None = None,
    reason: FailureReason | None = None,
) -> RecordEnrichment:
    return RecordEnrichment(
        journal=ref.journal, entry_id=ref.entry_id, revision=ref.revision, kind=kind, result=result, reason=reason
    )
