"""What the model claims, and which of it may stand: only what cites something that it was shown."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.reports import Claim, Removed

#: More is no citation any more.
_CITED_MAX = 20
_CLAIM_MAX_CHARS = 400

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


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
    written: Sequence[CitedText], shown: Sequence[Sequence[UUID]], removed: Removed
) -> tuple[list[Claim], Removed]:
    """The claims that hold, and what was removed until now. `shown[n - 1]`: the entries behind number n."""
    claims: list[Claim] = []
    citations = lost = 0
    for one in written:
        numbers = dict.fromkeys(one.cites)
        real = [number for number in numbers if 1 <= number <= len(shown)]
        citations += len(numbers) - len(real)
        cited = _spread([shown[number - 1] for number in real])
        if cited:
            claims.append(Claim(text=one.text, entry_ids=tuple(cited)))
        else:
            lost += 1
    counted = removed.model_copy(update={"citations": removed.citations + citations, "claims": removed.claims + lost})
    return claims, counted


def _spread(groups: Sequence[Sequence[UUID]]) -> list[UUID]:
    """Of each group in turn, so that none is left out where there are too many in all."""
    longest = max(map(len, groups), default=0)
    turns = (group[place] for place in range(longest) for group in groups if place < len(group))
    return list(dict.fromkeys(turns))[:_CITED_MAX]
