"""What one turn of a report leaves to the next."""

from operator import not_
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.reports import (
    Claim,
    Removed,
    ReportNumbers,
    ReportProvenance,
    SummaryMissing,
    Theme,
    ThemesMissing,
)
from insights_worker.summary.pile import Levels


class Draft(BaseModel):
    """Another version of this worker may have written it: what does not validate is begun anew."""

    model_config = ConfigDict(extra="forbid")

    numbers: ReportNumbers
    themes: tuple[Theme, ...]
    themes_missing: ThemesMissing | None
    #: Typical texts of the last of `themes`, each of which has its words for a name until the model was asked.
    #: Not kept where there are none: a worker of before refuses what it does not know, and would begin anew.
    unnamed: Annotated[tuple[tuple[str, ...], ...], Field(exclude_if=not_)] = ()
    #: Goes on after the entry that was read last; None before the first.
    cursor: str | None = None
    seen: int = 0
    read: int = 0
    withheld: int = 0
    is_read: bool = False
    #: Of what was read, until all is read.
    levels: Levels = ()
    #: Then: still to be merged, in order of time; and what the present pass has merged.
    notes: tuple[Claim, ...] = ()
    merged: tuple[Claim, ...] = ()
    summary: tuple[Claim, ...] = ()
    suggestions: tuple[Claim, ...] = ()
    summary_missing: SummaryMissing | None = None
    removed: Removed = Removed()
    provenance: ReportProvenance | None = None
