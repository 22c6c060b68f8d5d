"""What a report says in the end: its numbers and themes, and of its last notes the summary."""

from contracts.reports import Removed, ReportResult
from insights_worker.drafts import Draft
from insights_worker.model_calls import ReportModel
from insights_worker.summary.claims import why_nothing
from insights_worker.summary.merging import summarise


async def result_of(model: ReportModel, draft: Draft) -> ReportResult:
    """`draft`: of which all is read, and the notes fit at once.

    Raises: OllamaError, where asking later may help.
    """
    notes = [*draft.merged, *draft.notes]
    made = ReportResult(
        numbers=draft.numbers,
        themes=draft.themes,
        themes_missing=draft.themes_missing,
        entries_read=draft.read,
        entries_withheld=draft.withheld,
        removed=draft.removed,
        provenance=model.spent if model.spent.calls else None,
    )
    if not draft.read:
        return made.model_copy(update={"summary_missing": "no_entries"})
    if not notes:
        return made.model_copy(update={"summary_missing": why_nothing(Removed(), draft.removed)})
    found = await summarise(model, notes, draft.removed)
    missing = None if found.claims else why_nothing(draft.removed, found.removed)
    return made.model_copy(
        update={
            "summary": found.claims,
            # Nobody makes up advice for a time in which somebody wrote of suicide or self-harm (docs/care.md).
            "suggestions": () if draft.withheld else found.suggestions,
            "summary_missing": missing,
            "removed": found.removed,
            "provenance": model.spent,
        }
    )
