"""Earlier entries of the same journal that are near in meaning, for a reflection to look back at."""

import structlog

from contracts.entries import EntryView
from contracts.events import EntryRef
from entry_index import EntryIndex, EntryIndexError, SearchFilters
from insights_worker.config import PipelineConfig
from ollama_client import OllamaClient
from worker_kit import PASSAGE_TOKENS, GatewayClient, beginning_and_end, model_facts

RELATED_MAX = 3
#: Below it an entry is merely the nearest of all that are far.
_NEAR = 0.35

log = structlog.get_logger()


async def find_related(
    config: PipelineConfig, gateway: GatewayClient, ollama: OllamaClient, entry: EntryView
) -> tuple[EntryView, ...]:
    """`RELATED_MAX` at most, the nearest first. None where the index cannot be asked: a reflection does without.

    Raises:
        OllamaError, WorkerError: what the reflection itself would meet too.
    """
    model = await model_facts(ollama, config.embedding_model)
    shown = beginning_and_end(entry.body, limit_tokens=min(PASSAGE_TOKENS, model.context_tokens or PASSAGE_TOKENS))
    (vector,) = (await ollama.embed(model.name, [shown], truncate=True)).vectors
    filters = SearchFilters(written_to=entry.written_at)
    try:
        async with EntryIndex(config.index) as index:
            indexed = await index.current_model()
            if indexed is None or indexed.digest != model.digest:
                return ()
            hits = await index.search(
                entry.journal, vector, limit=2 * RELATED_MAX + 1, filters=filters, score_threshold=_NEAR
            )
    except EntryIndexError as error:
        log.warning("related.left_out", error=type(error).__name__)
        return ()
    found: list[EntryView] = []
    for hit in hits:
        if hit.entry_id == entry.id or len(found) == RELATED_MAX:
            continue
        ref = EntryRef(journal=entry.journal, entry_id=hit.entry_id, revision=hit.revision)
        earlier = await gateway.get_entry(ref, for_model=True)
        # A text that speaks of self-harm is shown to no model beside another either.
        if earlier is not None and earlier.care is None:
            found.append(earlier)
    return tuple(found)
