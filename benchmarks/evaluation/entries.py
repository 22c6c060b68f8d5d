"""Texts as the entries that the workers' functions take."""

from datetime import UTC, datetime

from contracts.entries import EntryView
from contracts.identifiers import derived_id
from evaluation.texts import Text

JOURNAL = "eval"
_WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry_of(text: Text) -> EntryView:
    return EntryView(
        id=derived_id("eval", text.key),
        journal=JOURNAL,
        revision=1,
        body=text.body,
        written_at=_WRITTEN_AT,
        tags=(),
        metadata={},
        created_at=_WRITTEN_AT,
        updated_at=_WRITTEN_AT,
        enrichments={},
    )
