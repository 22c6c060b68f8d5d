from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.api import BeginReflection, RecordEnrichment, RecordReflection
from contracts.entries import BODY_MAX_BYTES, METADATA_MAX_BYTES, EntryDraft
from contracts.events import EntryCreated, EntryRef, parse_event, subject_of
from contracts.identifiers import derived_id, new_id
from contracts.report_work import BeginReport
from contracts.search import SearchQuery
from contracts.subjects import event_subject, live_subject


def test_an_event_survives_the_wire() -> None:
    event = EntryCreated(data=EntryRef(journal="mine", entry_id=new_id(), revision=1))
    assert parse_event(event.model_dump_json()) == event
    assert subject_of(event) == "daybook.v1.events.entry.created"


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(ValidationError):
        parse_event(b'{"type": "entry.created.v9", "data": {}}')


def test_a_subject_needs_a_versioned_type() -> None:
    with pytest.raises(ValueError, match="version"):
        event_subject("entry.created")
    entry_id = new_id()
    assert live_subject(entry_id).endswith(str(entry_id))


@pytest.mark.parametrize("number", [0, -1, 2**31])
def test_a_number_that_the_database_cannot_hold_is_refused(number: int) -> None:
    of_entry = {"journal": "mine", "entry_id": new_id()}
    of_report = {"journal": "mine", "report_id": new_id()}
    outcome = {"reason": "worker_lost"}
    for request, field, rest in (
        (RecordEnrichment, "revision", {**of_entry, **outcome, "kind": "mood"}),
        (BeginReflection, "version", of_entry),
        (RecordReflection, "version", {**of_entry, **outcome, "revision": 1}),
        (RecordReflection, "revision", {**of_entry, **outcome, "version": 1}),
        (BeginReport, "edition", of_report),
    ):
        request.model_validate({**rest, field: 2**31 - 1})
        with pytest.raises(ValidationError):
            request.model_validate({**rest, field: number})


def test_new_ids_are_version_7_and_rise_with_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert all(i.version == 7 for i in ids)
    assert all(i.variant == "specified in RFC 4122" for i in ids)
    assert len(set(ids)) == 100
    assert [i.int >> 80 for i in ids] == sorted(i.int >> 80 for i in ids)


def test_derived_ids_depend_on_every_part() -> None:
    assert derived_id("a", 1) == derived_id("a", 1)
    assert derived_id("a", 1) != derived_id("a", 2)
    assert isinstance(derived_id("x"), UUID)


@pytest.mark.parametrize(
    "draft",
    [
        {"body": ""},
        {"body": "   \n"},
        {"body": "a\x00b"},
        {"body": "\ud800"},
        {"body": "x" * (BODY_MAX_BYTES + 1)},
        {"body": "ok", "written_at": "2026-01-01T10:00:00"},
        {"body": "ok", "written_at": (datetime.now(UTC) + timedelta(days=3)).isoformat()},
        {"body": "ok", "tags": ["a\x00"]},
        {"body": "ok", "metadata": {"k": "\x00"}},
        {"body": "ok", "metadata": {"k": float("nan")}},
        {"body": "ok", "metadata": {"k": "x" * METADATA_MAX_BYTES}},
        {"body": "ok", "titel": "misspelt"},
        {"body": 7},
    ],
)
def test_a_draft_that_cannot_be_stored_is_refused(draft: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EntryDraft.model_validate(draft)


def test_a_draft_keeps_its_writers_time_zone_and_each_tag_once() -> None:
    draft = EntryDraft.model_validate(
        {"body": "ok", "written_at": "2026-01-01T10:00:00+05:30", "tags": ["b", "a", "b"]}
    )
    assert draft.written_at is not None
    assert draft.written_at.utcoffset() == timedelta(hours=5, minutes=30)
    assert draft.tags == ("b", "a")


@given(st.text())
def test_a_draft_is_refused_or_encodable(text: str) -> None:
    try:
        draft = EntryDraft(body=text)
    except ValidationError:
        return
    assert draft.body.encode()
    assert "\x00" not in draft.body


def test_a_search_needs_words_and_an_ordered_range() -> None:
    with pytest.raises(ValidationError):
        SearchQuery(query=" ")
    now = datetime.now(UTC)
    with pytest.raises(ValidationError, match="before written_to"):
        SearchQuery(query="sea", written_from=now, written_to=now)
