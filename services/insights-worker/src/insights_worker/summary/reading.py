"""The first pass: entries in batches that fit the model's context, each batch to a few notes."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from contracts.report_work import ReportEntry
from contracts.reports import Claim, Removed
from insights_worker.model_calls import TURN_TOKENS, ReportModel
from insights_worker.prompt_files import load
from insights_worker.summary.claims import NotesAnswer, Source, counted, settle
from insights_worker.summary.marks import numbered
from worker_kit import beginning_and_end, estimate_tokens

#: Of a longer entry the model sees beginning and end.
_ENTRY_TOKENS = 256


@dataclass(frozen=True)
class Excerpt:
    entry_id: UUID
    #: Without its number, which is that of its place in a batch.
    text: str
    tokens: int


def excerpt_of(entry: ReportEntry) -> Excerpt | None:
    """None where no model may see it."""
    if entry.text is None:
        return None
    shown = beginning_and_end(entry.text, limit_tokens=_ENTRY_TOKENS)
    text = f"{entry.mood.written_at:%Y-%m-%d}\n{shown}"
    return Excerpt(entry.mood.entry_id, text, estimate_tokens(text) + TURN_TOKENS)


def fits(model: ReportModel, batch: Iterable[Excerpt], more: Excerpt) -> bool:
    """Whether there is room for one more; there always is for the first."""
    taken = [excerpt.tokens for excerpt in batch]
    return not taken or sum(taken) + more.tokens <= model.room_tokens(load("notes"))


async def read_batch(model: ReportModel, batch: list[Excerpt], removed: Removed) -> tuple[list[Claim], Removed]:
    """Notes on a batch, and what was removed until now.

    Raises: OllamaError, where asking later may help.
    """
    prompt = load("notes")
    answer = await model.ask(prompt, numbered(excerpt.text for excerpt in batch), NotesAnswer)
    if answer is None:
        return [], counted(removed, answers=1)
    return settle(answer.notes, [Source(excerpt.text, (excerpt.entry_id,)) for excerpt in batch], prompt, removed)
