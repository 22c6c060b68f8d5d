"""The passes after the first: notes to fewer notes, as often as it takes until all fit, then to a summary."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.reports import Claim, Removed
from insights_worker.model_calls import TURN_TOKENS, ReportModel
from insights_worker.prompt_files import load
from insights_worker.summary.claims import NotesAnswer, Source, SummaryAnswer, counted, settle
from insights_worker.summary.marks import numbered
from worker_kit import estimate_tokens

#: One note alone would never become fewer.
_BATCH_MIN = 2


@dataclass(frozen=True)
class Summary:
    claims: tuple[Claim, ...]
    suggestions: tuple[Claim, ...]
    removed: Removed
    #: False: there was no answer that could be used.
    answered: bool


def fit_at_once(model: ReportModel, notes: Sequence[Claim]) -> bool:
    return len(notes) <= _BATCH_MIN or _tokens(notes) <= model.room_tokens(load("summary"))


def next_batch(model: ReportModel, notes: Sequence[Claim]) -> int:
    """How many of `notes`, from the first, are merged together."""
    room = model.room_tokens(load("merge"))
    count = 0
    while count < len(notes) and (count < _BATCH_MIN or _tokens(notes[: count + 1]) <= room):
        count += 1
    return count


async def merge(model: ReportModel, notes: Sequence[Claim], removed: Removed) -> tuple[list[Claim], Removed]:
    """Fewer notes than before, and what was removed until now.

    Raises: OllamaError, where asking later may help.
    """
    fewer = max(1, len(notes) // 2)
    answer = await model.ask(load("merge"), numbered(note.text for note in notes), NotesAnswer)
    if answer is None:
        # The first of each batch are the most important that the model found there.
        return list(notes[:fewer]), counted(removed, answers=1)
    merged, removed = settle(answer.notes, _sources(notes), load("merge"), removed)
    return merged[:fewer], removed


async def summarise(model: ReportModel, notes: Sequence[Claim], removed: Removed) -> Summary:
    """Raises: OllamaError, where asking later may help."""
    prompt = load("summary")
    answer = await model.ask(prompt, numbered(note.text for note in notes), SummaryAnswer)
    if answer is None:
        return Summary((), (), counted(removed, answers=1), answered=False)
    claims, removed = settle(answer.summary, _sources(notes), prompt, removed)
    suggestions, removed = settle(answer.suggestions, _sources(notes), prompt, removed)
    return Summary(tuple(claims), tuple(suggestions), removed, answered=True)


def _sources(notes: Sequence[Claim]) -> list[Source]:
    """A note is made of its entries alone, so a number in it is one of theirs."""
    return [Source(note.text, note.entry_ids) for note in notes]


def _tokens(notes: Sequence[Claim]) -> int:
    return sum(estimate_tokens(note.text) + TURN_TOKENS for note in notes)
