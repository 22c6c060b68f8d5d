"""From a question to its last event. Nothing is stored, and no line of the log has a word of question or answer."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

import structlog

from contracts.ask import AskEnded, AskEvent, AskQuestion, FoundEntries, FoundEntry, UnderstoodPeriod
from contracts.journals import JournalSettings
from gateway.ask.places import AskPlaces
from gateway.ask.prompting import tell
from gateway.ask.retrieving import Found, Passage, find_passages
from gateway.ask.sentences import sentences_in
from gateway.ask.writing import ChatModel, facts_of, write_answer
from gateway.db import journals
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.care import Care, care_instead_of_answer, locale_of
from gateway.service.search import Finder

log = structlog.get_logger()


class Asker:
    """Answers questions, each by a stream of events."""

    def __init__(
        self,
        store: Store,
        finder: Finder,
        care: Care,
        model: ChatModel,
        places: AskPlaces,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._finder = finder
        self._care = care
        self._model = model
        self._places = places
        self._clock = clock

    async def answer(self, principal: Principal, journal: str, asked: AskQuestion) -> AsyncGenerator[AskEvent]:
        """`FoundEntries`, then the answer as it grows, then `AskEnded`. Closing it stops the model.

        Raises, before the first event and never after it:
            JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
            AskInProgress, AskBusy: see `AskPlaces`.
            ModelUnavailable, SearchUnavailable, StoreUnavailable: see `find_passages`.
            ChatModelUnavailable: the model that would answer is away.
        """
        principal.require(journal, "read")
        began_s = time.monotonic()
        settings = await self._settings(journal)
        # Before any model, that of the search included.
        care = await care_instead_of_answer(self._care, asked.question, settings)
        if care is not None:
            ended = AskEnded(says="care", text=care.text, care=care)
            _log(ended, journal, entries=0, duration_s=time.monotonic() - began_s)
            yield ended
            return
        with self._places.taken(principal.key_id):
            found = await find_passages(
                self._store,
                self._finder,
                self._care,
                journal=journal,
                asked=asked,
                settings=settings,
                now=self._clock(),
            )
            async with aclosing(self._events(found, asked, settings)) as events:
                async for event in events:
                    if isinstance(event, AskEnded):
                        _log(event, journal, entries=len(found.passages), duration_s=time.monotonic() - began_s)
                    yield event

    async def _events(self, found: Found, asked: AskQuestion, settings: JournalSettings) -> AsyncGenerator[AskEvent]:
        sentences = sentences_in(locale_of(self._care, settings))
        if not found.passages:
            yield _found_event(found, ())
            yield AskEnded(says="nothing", text=sentences.nothing, reason="nothing_near", care=found.care)
            return
        facts = await facts_of(self._model)
        told = tell(found.passages, asked.question, context_tokens=facts.context_tokens)
        yield _found_event(found, told.passages)
        async with aclosing(write_answer(self._model, facts, told, sentences=sentences)) as events:
            async for event in events:
                yield event.model_copy(update={"care": found.care}) if isinstance(event, AskEnded) else event

    async def _settings(self, journal: str) -> JournalSettings:
        async with self._store.connection() as connection:
            settings = await journals.get_settings(connection, journal)
        if settings is None:
            raise JournalNotFound(journal)
        return settings


def _found_event(found: Found, passages: tuple[Passage, ...]) -> FoundEntries:
    within = found.within
    return FoundEntries(
        entries=tuple(
            FoundEntry(entry_id=passage.entry.id, revision=passage.entry.revision, written_at=passage.entry.written_at)
            for passage in passages
        ),
        understood=UnderstoodPeriod(written_from=within.written_from, written_to=within.written_to) if within else None,
        degraded=found.degraded,
    )


def _log(ended: AskEnded, journal: str, *, entries: int, duration_s: float) -> None:
    """A question that speaks of suicide leaves the same line as one that nothing is near to: no log tells of it."""
    log.info(
        "ask.answered",
        journal=journal,
        entries=entries,
        citations=len(ended.citations),
        citations_removed=ended.citations_removed,
        answer_tokens=ended.provenance.answer_tokens if ended.provenance else 0,
        failure=ended.reason if ended.says == "interrupted" else None,
        duration_ms=round(duration_s * 1000, 2),
    )
