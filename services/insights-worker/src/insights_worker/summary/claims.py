"""What the model claims, and which of it may stand: what cites something that it was shown, and no number but those."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.reports import Claim, Removed, SummaryMissing
from insights_worker.claim_checks import sentence_fault
from insights_worker.prompt_files import Prompt
from insights_worker.summary.marks import unmarked

#: More is no citation any more.
_CITED_MAX = 20
_CLAIM_MAX_CHARS = 400

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@dataclass(frozen=True)
class Source:
    """What the model was shown under a number, and the entries behind it."""

    text: str
    entry_ids: tuple[UUID, ...]


class CitedText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[_Line, Field(max_length=_CLAIM_MAX_CHARS)]
    cites: list[int]


class NotesAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    notes: Annotated[list[CitedText], Field(max_length=6)]


class SummaryAnswer(BaseModel):
    """What the model writes, in this order."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[list[CitedText], Field(max_length=6)]
    suggestions: Annotated[list[CitedText], Field(max_length=3)]


def settle(
    written: Sequence[CitedText], shown: Sequence[Source], prompt: Prompt, removed: Removed
) -> tuple[list[Claim], Removed]:
    """The claims that hold, and what was removed until now. `shown[n - 1]` stood under number n, below `prompt`."""
    claims: list[Claim] = []
    for one in written:
        numbers = dict.fromkeys(one.cites)
        cited = [shown[number - 1] for number in numbers if 1 <= number <= len(shown)]
        removed = counted(removed, citations=len(numbers) - len(cited))
        text = unmarked(one.text)
        fault = sentence_fault(text, [source.text for source in cited], prompt.instruction.content)
        if not cited:
            removed = counted(removed, claims=1)
        elif fault == "number":
            removed = counted(removed, numbers=1)
        elif fault == "unfit":
            removed = counted(removed, unfit=1)
        else:
            claims.append(Claim(text=text, entry_ids=tuple(_spread([source.entry_ids for source in cited]))))
    return claims, removed


def counted(removed: Removed, **more: int) -> Removed:
    return removed.model_copy(update={name: getattr(removed, name) + count for name, count in more.items()})


def why_nothing(before: Removed, after: Removed) -> SummaryMissing:
    """Why no claim is left, by what was removed meanwhile."""
    if after.claims > before.claims:
        return "nothing_cited"
    if after.answers > before.answers:
        return "invalid_answer"
    return "nothing_held" if after.numbers + after.unfit > before.numbers + before.unfit else "nothing_cited"


def _spread(groups: Sequence[Sequence[UUID]]) -> list[UUID]:
    """Of each group in turn, so that none is left out where there are too many in all."""
    longest = max(map(len, groups), default=0)
    turns = (group[place] for place in range(longest) for group in groups if place < len(group))
    return list(dict.fromkeys(turns))[:_CITED_MAX]
