"""The only place where filters are made, none without a journal: the engine cannot keep journals apart, this does."""

from datetime import datetime
from uuid import UUID

from qdrant_client import models

from entry_index._entries import SearchFilters


def of_journal(journal: str, *conditions: models.Condition) -> models.Filter:
    """What is in `journal` and passes all of `conditions`."""
    if not journal:
        raise ValueError("a journal must be named")
    return models.Filter(must=[_equals("journal", journal), *conditions])


def of_search(journal: str, filters: SearchFilters) -> models.Filter:
    conditions: list[models.Condition] = [_equals("tags", tag) for tag in filters.tags]
    if filters.written_from or filters.written_to:
        conditions.append(_written_between(filters.written_from, filters.written_to))
    if filters.entry_ids is not None:
        conditions.append(_one_of("entry_id", [str(entry_id) for entry_id in filters.entry_ids]))
    return of_journal(journal, *conditions)


def of_others(journal: str, entry_id: UUID, filters: SearchFilters) -> models.Filter:
    """As `of_search`, without the entry itself."""
    chosen = of_search(journal, filters)
    return models.Filter(must=chosen.must, must_not=[_equals("entry_id", str(entry_id))])


def of_entry(journal: str, entry_id: UUID, *conditions: models.Condition) -> models.Filter:
    return of_journal(journal, _equals("entry_id", str(entry_id)), *conditions)


def of_revision(journal: str, entry_id: UUID, revision: int) -> models.Filter:
    return of_entry(journal, entry_id, models.FieldCondition(key="revision", match=models.MatchValue(value=revision)))


def up_to_revision(journal: str, entry_id: UUID, revision: int) -> models.Filter:
    return of_entry(journal, entry_id, models.FieldCondition(key="revision", range=models.Range(lte=revision)))


def after_revision(journal: str, entry_id: UUID, revision: int) -> models.Filter:
    return of_entry(journal, entry_id, models.FieldCondition(key="revision", range=models.Range(gt=revision)))


def left_over(journal: str, entry_id: UUID, revision: int, chunks: int) -> models.Filter:
    """What older revisions left, and chunks of this one beyond the first `chunks`."""
    older = models.FieldCondition(key="revision", range=models.Range(lt=revision))
    surplus = models.Filter(
        must=[
            models.FieldCondition(key="revision", range=models.Range(lte=revision)),
            models.FieldCondition(key="chunk", range=models.Range(gte=chunks)),
        ]
    )
    return of_entry(journal, entry_id, models.Filter(should=[older, surplus]))


def any_of(filters: list[models.Filter]) -> models.Filter:
    """What passes one of `filters`, each of which names its journal."""
    return models.Filter(should=list(filters))


def _equals(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _one_of(key: str, values: list[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=values))


def _written_between(start: datetime | None, end: datetime | None) -> models.FieldCondition:
    return models.FieldCondition(key="written_at", range=models.DatetimeRange(gte=start, lt=end))
