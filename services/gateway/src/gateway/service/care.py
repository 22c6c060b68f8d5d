"""Care: what is decided before any answer is generated. Each decision is one function; how it decides is in libs/care.

Whoever asks a model asks here first, with the text that the model would see: a mark in the database may be missing,
because the entry is older than the mark or was stored while care was off.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from care import HelpTexts, recognise
from contracts.care import CareKind, CareView
from contracts.journals import JournalSettings
from contracts.own_moods import OwnMood, OwnMoodView
from gateway.domain.entries import Entry
from gateway.metrics import CARE_EXAMINED

#: What takes longer than a few milliseconds is done on a thread, so that the loop goes on.
_QUICK_CHARS = 8 * 1024


@dataclass(frozen=True)
class Care:
    texts: HelpTexts
    locale: str = "en"
    #: False by an operator's explicit setting alone.
    is_on: bool = True


@lru_cache(maxsize=1)
def default_care() -> Care:
    """On, with our texts. What holds wherever nothing else was said, so that nothing is examined less by mistake."""
    return Care(HelpTexts.load())


async def mark_text(
    care: Care, body: str, tags: Iterable[str] = (), mood: OwnMood | OwnMoodView | None = None
) -> CareKind | None:
    """How the writer's words are marked; None where they are not, or where care is off."""
    if not care.is_on:
        return None
    word = mood.word if mood is not None else None
    text = "\n\n".join([body, *tags, word or ""])
    CARE_EXAMINED.inc()
    sign = recognise(text) if len(text) <= _QUICK_CHARS else await asyncio.to_thread(recognise, text)
    return None if sign is None else sign.kind


def view_of_mark(care: Care, kind: CareKind | None, settings: JournalSettings | None = None) -> CareView | None:
    """What is shown with a marked entry."""
    if kind is None or not care.is_on:
        return None
    found = care.texts.find(locale_of(care, settings))
    return CareView(kind=kind, text=found.text, locale=found.locale)


async def care_instead_of_answer(care: Care, question: str, settings: JournalSettings | None = None) -> CareView | None:
    """For a question to the journal: what is shown instead of an answer. None: go on."""
    return view_of_mark(care, await mark_text(care, question), settings)


async def care_instead_of_reflection(
    care: Care, entry: Entry, settings: JournalSettings | None = None
) -> CareView | None:
    """For an entry: what is shown instead of a reflection. None: go on."""
    return view_of_mark(care, await _mark_of(care, entry), settings)


async def spare_entries(
    care: Care, entries: Iterable[Entry], settings: JournalSettings | None = None
) -> tuple[list[Entry], CareView | None]:
    """For a report over many: those whose text a model may see, in order; and what is shown if some were left out."""
    spared: list[Entry] = []
    heaviest: CareKind | None = None
    for entry in entries:
        kind = await _mark_of(care, entry)
        if kind is None:
            spared.append(entry)
        elif heaviest != "suicide":
            heaviest = kind
    return spared, view_of_mark(care, heaviest, settings)


async def examined(care: Care, entry: Entry) -> Entry:
    """For an entry that a model may see beside others: with its mark, also where none is stored."""
    return replace(entry, care=await _mark_of(care, entry))


def locale_of(care: Care, settings: JournalSettings | None) -> str:
    """The one place that says whose text is shown: the journal's locale where its owner has said one, else ours."""
    if settings is None or "locale" not in settings.model_fields_set:
        return care.locale
    return settings.locale


async def _mark_of(care: Care, entry: Entry) -> CareKind | None:
    if not care.is_on:
        return None
    return entry.care or await mark_text(care, entry.body, entry.tags, entry.own_mood)
