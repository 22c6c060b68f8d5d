"""The entries that may answer a question: found by meaning and words, within the days that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from contracts.ask import AskQuestion
from contracts.care import CareView
from contracts.journals import JournalSettings
from contracts.search import Degradation, SearchQuery
from entry_index import EntryHit, SearchFilters, query_words
from gateway.ask.periods import Period, period_in
from gateway.db import entries
from gateway.db.store import Store
from gateway.domain.entries import Entry
from gateway.domain.errors import ModelUnavailable
from gateway.service.care import Care, spare_entries
from gateway.service.search import Finder

#: Shown to the model, at most. More would cost a small model minutes and a large one its attention.
PASSAGES_MAX = 5
#: Asked for beyond that: some are erased, revised or marked since they were indexed.
_SPARE_HITS = 15
#: An entry is near enough by meaning from this cosine similarity on, or by words from this BM25 for each word of the
#: question on. docs/ask.md says how they were measured, and with which model.
NEAR_COSINE = 0.30
NEAR_BM25_PER_WORD = 1.2


@dataclass(frozen=True)
class Passage:
    """What of an entry matched."""

    entry: Entry
    text: str


@dataclass(frozen=True)
class Found:
    #: The nearest first, one of each entry.
    passages: tuple[Passage, ...]
    #: None: the question names no time that was understood.
    within: SearchFilters | None
    degraded: Degradation | None
    #: Shown where entries were left out because of what they speak of.
    care: CareView | None


async def find_passages(
    store: Store,
    finder: Finder,
    care: Care,
    *,
    journal: str,
    asked: AskQuestion,
    settings: JournalSettings,
    now: datetime,
) -> Found:
    """None that is merely the nearest of all that are far; within a time that the question names, the best there are.

    Raises:
        ModelUnavailable: the question could not be embedded, and its words alone found nothing.
        SearchUnavailable: see `Finder.find`.
        StoreUnavailable: PostgreSQL is away.
    """
    zone = ZoneInfo(asked.time_zone or settings.time_zone)
    period = period_in(asked.question, now.astimezone(zone).date())
    filters = _filters(period, zone, asked.tags)
    search = SearchQuery(query=asked.question, tags=asked.tags)
    found = await finder.find(journal, search, filters, limit=PASSAGES_MAX + _SPARE_HITS)
    hits = found.hits if period else near_enough(found.hits, asked.question)
    if not hits and found.degraded == "model_unavailable":
        # Who has looked for words alone cannot say that the journal does not say.
        raise ModelUnavailable("the question could not be embedded, and its words alone found nothing near enough")
    async with store.connection() as connection:
        known = await entries.get_many(connection, journal, [hit.entry_id for hit in hits])
    current = {hit.entry_id: hit for hit in hits if hit.entry_id in known}
    current = {key: hit for key, hit in current.items() if known[key].revision == hit.revision}
    spared, shown = await spare_entries(care, [known[key] for key in current], settings)
    passages = [Passage(entry, _text(entry, current[entry.id])) for entry in spared[:PASSAGES_MAX]]
    return Found(tuple(passages), filters if period else None, found.degraded, shown)


def near_enough(hits: Sequence[EntryHit], question: str) -> list[EntryHit]:
    """Those that one of both signals calls near, by itself: a fused score says only which is the nearest."""
    words = len(query_words(question))
    return [
        hit
        for hit in hits
        if (hit.dense or -1.0) >= NEAR_COSINE or (hit.bm25 or 0.0) >= NEAR_BM25_PER_WORD * max(words, 1)
    ]


def _filters(period: Period | None, zone: ZoneInfo, tags: tuple[str, ...]) -> SearchFilters:
    if period is None:
        return SearchFilters(tags=tags)
    first, end = (day and datetime.combine(day, time.min, zone) for day in (period.first, period.end))
    return SearchFilters(first, end, tags)


def _text(entry: Entry, hit: EntryHit) -> str:
    return entry.body[hit.start_char : hit.end_char].strip()
