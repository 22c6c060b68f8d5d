"""Entries that speak of suicide or self-harm: marked as they are stored, shown with a text, never reflected on."""

import asyncpg
import pytest

from care import HelpTexts
from contracts.api import BeginReflection, RecordEnrichment, RecordReflection
from contracts.enrichments import MoodResult, Provenance
from contracts.events import InsightsRequested, ReflectionCompleted, ReflectionRequested
from contracts.journals import JournalSettingsChange
from contracts.report_work import BeginReport, PageReport, SaveReport
from contracts.reports import InsightsOrder
from gateway.db import entries as entries_table
from gateway.service.care import Care, care_instead_of_answer, default_care, spare_entries
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment, reprocess_entry, reprocess_journal
from gateway.service.journal_settings import change_settings, get_journal
from gateway.service.read_entries import get_entry, list_entries
from gateway.service.read_reflections import get_reflection, list_reflections
from gateway.service.read_reports import get_report
from gateway.service.reflect import begin_reflection, record_reflection, request_reflection
from gateway.service.replace_entry import replace_entry
from gateway.service.request_report import request_report
from gateway.service.work_on_report import begin_report, page_report, save_report
from support.gateway_store import draft, pending_events

DARK = "I don't want to wake up tomorrow."
OFF = Care(HelpTexts.load(), is_on=False)
GERMAN = Care(HelpTexts.load(), "de-DE")


async def _create(store, owner, body=DARK, *, care=None, **fields):
    return (await create_entry(store, owner.principal, "anna", draft(body, **fields), care=care)).entry


async def test_such_an_entry_is_kept_as_it_is_and_comes_with_a_plain_text(store, owner):
    entry = await _create(store, owner)
    assert (entry.body, entry.care.kind, entry.care.locale) == (DARK, "suicide", "en")
    assert entry.care.text == HelpTexts.load().find("en").text
    assert await get_entry(store, owner.principal, "anna", entry.id) == entry
    (listed,) = (await list_entries(store, owner.principal, "anna")).entries
    assert listed.care == entry.care


async def test_an_everyday_entry_comes_with_none(store, owner):
    assert (await _create(store, owner, "Killing time at the station.")).care is None


@pytest.mark.parametrize("fields", [{"tags": ["suicidal"]}, {"mood": {"word": "suicidal"}}])
async def test_tags_and_the_writers_word_are_examined_too(store, owner, fields):
    assert (await _create(store, owner, "Nothing to say.", **fields)).care.kind == "suicide"


async def test_a_long_entry_is_examined_to_its_end(store, owner):
    assert (await _create(store, owner, "It rained. " * 20_000 + DARK)).care is not None


async def test_each_revision_is_examined(store, owner):
    entry = await _create(store, owner)
    for body, marked in (("Better today.", False), ("I cut myself again.", True)):
        entry = await replace_entry(
            store, owner.principal, "anna", entry.id, draft(body), expected_revision=entry.revision
        )
        assert (entry.care is not None) is marked


async def test_the_text_is_that_of_the_locale(store, owner):
    entry = await _create(store, owner, care=GERMAN)
    assert entry.care.locale == "de-DE"
    assert "0800 111 0 111" in entry.care.text


async def test_of_a_marked_entrys_mood_the_models_sentence_is_not_shown(store, owner):
    entry, calm = await _create(store, owner), await _create(store, owner, "Rain.")
    mood = MoodResult(
        method="llm",
        label="sad",
        valence=-0.9,
        arousal=0.2,
        confidence=0.9,
        rationale="It would be better for all.",
        provenance=Provenance(model="m"),
    )
    for one in (entry, calm):
        record = RecordEnrichment(journal="anna", entry_id=one.id, revision=1, kind="mood", result=mood)
        await record_enrichment(store, owner.principal, record)
    shown = (await get_entry(store, owner.principal, "anna", entry.id)).enrichments["mood"].result
    assert shown == mood.model_copy(update={"rationale": ""})
    listed = (await list_entries(store, owner.principal, "anna")).entries
    sentences = {one.id: one.enrichments["mood"].result.rationale for one in listed}
    assert sentences == {entry.id: "", calm.id: mood.rationale}


async def test_it_is_off_only_where_that_was_said(store, owner):
    entry = await _create(store, owner, care=OFF)
    assert entry.care is None
    marked = await _create(store, owner)
    assert (await get_entry(store, owner.principal, "anna", marked.id, care=OFF)).care is None
    await reprocess_entry(store, owner.principal, "anna", marked.id, care=OFF)
    assert (await get_entry(store, owner.principal, "anna", marked.id)).care is not None


async def test_entries_from_before_are_marked_when_they_are_processed_again(store, owner):
    one, two = [(await _create(store, owner, care=OFF)).id for _ in range(2)]
    calm = await _create(store, owner, "Rain.", care=OFF)
    assert (await reprocess_entry(store, owner.principal, "anna", one)).care.kind == "suicide"
    assert (await get_entry(store, owner.principal, "anna", two)).care is None
    for _ in range(2):
        assert await reprocess_journal(store, owner.principal, "anna") == 3
        assert (await get_entry(store, owner.principal, "anna", two)).care.kind == "suicide"
    assert (await get_entry(store, owner.principal, "anna", calm.id)).care is None


async def test_an_entry_that_a_model_would_see_beside_another_is_examined_though_it_has_no_mark(store, owner):
    entry = await _create(store, owner, care=OFF)

    async def seen(**options):
        return (await get_entry(store, owner.principal, "anna", entry.id, **options)).care

    assert (await seen(for_model=True)).kind == "suicide"
    assert await seen(for_model=True, care=OFF) is None
    assert await seen() is None, "it is still not marked"


@pytest.mark.parametrize("at_creation", [None, OFF], ids=["marked", "from before"])
async def test_no_model_is_asked_to_reflect_on_it(store, owner, at_creation):
    entry = await _create(store, owner, care=at_creation)
    reflection = await request_reflection(store, owner.principal, "anna", entry.id, care=GERMAN)
    assert (reflection.state, reflection.notice) == ("withheld", GERMAN.texts.find("de-DE").text)
    assert not [event for event in await pending_events(store) if isinstance(event, ReflectionRequested)]


async def test_a_journal_shows_the_locale_of_its_help_lines_also_where_it_has_set_none(store, owner):
    shown = await get_journal(store, owner.principal, "anna", care=GERMAN)
    assert (shown.settings.locale, "locale" in shown.defaults) == ("de-DE", True)
    french = JournalSettingsChange.model_validate({"locale": "fr"})
    shown = await change_settings(store, owner.principal, "anna", french, care=GERMAN)
    assert (shown.settings.locale, "locale" in shown.defaults) == ("fr", False)


async def test_a_journal_that_always_reflects_withholds_it_too(store, owner):
    change = JournalSettingsChange.model_validate({"reflect": "always"})
    await change_settings(store, owner.principal, "anna", change)
    entry = await _create(store, owner)
    (reflection,) = (await list_reflections(store, owner.principal, "anna", entry.id)).reflections
    assert (reflection.state, reflection.notice) == ("withheld", entry.care.text)
    assert not [event for event in await pending_events(store) if isinstance(event, ReflectionRequested)]


async def test_an_entry_that_changed_after_it_was_asked_for_is_withheld_when_a_worker_begins(store, owner):
    entry = await _create(store, owner, "Rain.")
    assert (await request_reflection(store, owner.principal, "anna", entry.id)).state == "pending"
    await replace_entry(store, owner.principal, "anna", entry.id, draft(DARK), expected_revision=1)
    order = BeginReflection(journal="anna", entry_id=entry.id, version=1)
    reply = await begin_reflection(store, owner.principal, order)
    assert (reply.outcome, reply.entry) == ("settled", None)
    (reflection,) = (await list_reflections(store, owner.principal, "anna", entry.id)).reflections
    assert (reflection.state, reflection.revision) == ("withheld", 2)
    (told,) = [event for event in await pending_events(store) if isinstance(event, ReflectionCompleted)]
    assert (told.data.entry_id, told.data.version) == (entry.id, 1)


async def _reflected(store, owner):
    """An entry from before there were marks, with a reflection of that time."""
    entry = await _create(store, owner, care=OFF)
    await request_reflection(store, owner.principal, "anna", entry.id, care=OFF)
    await _written(store, owner, entry)
    return entry


async def _written(store, owner, entry):
    """A worker's first version, of the first revision."""
    result = {"text": "You will sleep well.", "questions": ["When?"], "provenance": {"model": "m"}}
    report = {"journal": "anna", "entry_id": entry.id, "version": 1, "revision": 1, "result": result}
    return await record_reflection(store, owner.principal, RecordReflection.model_validate(report))


async def test_what_was_written_of_an_entry_before_it_was_marked_is_withheld(store, owner):
    entry = await _reflected(store, owner)

    async def seen(care=None):
        one = await get_reflection(store, owner.principal, "anna", entry.id, care=care)
        assert (await list_reflections(store, owner.principal, "anna", entry.id, care=care)).reflections == (one,)
        return one

    assert (await seen()).state == "done"
    await reprocess_entry(store, owner.principal, "anna", entry.id)
    withheld = await seen(GERMAN)
    assert (withheld.state, withheld.result, withheld.notice) == ("withheld", None, GERMAN.texts.find("de-DE").text)
    assert (await seen(OFF)).state == "done"


async def test_what_was_withheld_of_a_revision_stays_so_behind_a_newer_one(store, owner):
    entry = await _reflected(store, owner)
    await reprocess_entry(store, owner.principal, "anna", entry.id)
    await replace_entry(store, owner.principal, "anna", entry.id, draft("Sun."), expected_revision=1)
    reflection = await get_reflection(store, owner.principal, "anna", entry.id)
    assert (reflection.state, reflection.result) == ("withheld", None)
    assert reflection.notice == HelpTexts.load().find("en").text


@pytest.mark.parametrize("whole_journal", [False, True], ids=["the entry", "its journal"])
async def test_a_report_of_an_entry_that_is_marked_later_starts_over_once(store, owner, whole_journal):
    entry = await _create(store, owner, care=OFF, written_at="2026-03-04T12:00:00Z")
    order = InsightsOrder.model_validate({"from": "2026-03-02", "to": "2026-03-08"})
    report = await request_report(store, owner.principal, "anna", order)
    work = {"journal": "anna", "report_id": report.id, "edition": 1}
    await begin_report(store, owner.principal, BeginReport(**work))
    await page_report(store, owner.principal, PageReport(**work), care=OFF)
    draft_of_it = SaveReport.model_validate(
        {**work, "progress": {"step": "reading", "done": 1, "total": 1}, "draft": {"notes": ["You will sleep well."]}}
    )
    await save_report(store, owner.principal, draft_of_it)
    for _ in range(2):
        if whole_journal:
            await reprocess_journal(store, owner.principal, "anna")
        else:
            await reprocess_entry(store, owner.principal, "anna", entry.id)
        again = await get_report(store, owner.principal, "anna", report.id)
        assert (again.state, again.edition) == ("pending", 2)
    ordered = [event.data.edition for event in await pending_events(store) if isinstance(event, InsightsRequested)]
    assert ordered == [1, 2]
    assert (await save_report(store, owner.principal, draft_of_it)).outcome == "settled"
    begun = await begin_report(store, owner.principal, BeginReport(**{**work, "edition": 2}))
    assert begun.work.draft is None


@pytest.mark.parametrize("marked", ["while it is written", "before, with care off"])
async def test_what_is_being_written_of_an_entry_that_is_marked_is_withheld(store, owner, marked):
    entry = await _create(store, owner, care=OFF if marked == "while it is written" else None)
    await request_reflection(store, owner.principal, "anna", entry.id, care=OFF)
    order = BeginReflection(journal="anna", entry_id=entry.id, version=1)
    assert (await begin_reflection(store, owner.principal, order, care=OFF)).outcome == "begin"
    if marked == "while it is written":
        await reprocess_entry(store, owner.principal, "anna", entry.id)
    await replace_entry(store, owner.principal, "anna", entry.id, draft("Sun."), expected_revision=1)
    assert (await _written(store, owner, entry)).outcome == "settled"
    reflection = await get_reflection(store, owner.principal, "anna", entry.id)
    assert (reflection.state, reflection.revision, reflection.result) == ("withheld", 1, None)
    (told,) = [event for event in await pending_events(store) if isinstance(event, ReflectionCompleted)]
    assert (told.data.entry_id, told.data.version) == (entry.id, 1)


async def test_a_question_is_examined_before_it_is_answered():
    assert (await care_instead_of_answer(default_care(), "When did I last want to die?")).kind == "suicide"
    assert await care_instead_of_answer(default_care(), "When did I last swim?") is None
    assert await care_instead_of_answer(OFF, "When did I last want to die?") is None


async def test_a_report_is_made_of_the_other_entries_and_carries_the_text(store, owner):
    made = [await _create(store, owner, body) for body in ("Rain.", "I cut myself again.", DARK, "Sun.")]
    before = await _create(store, owner, care=OFF)
    ids = [entry.id for entry in (*made, before)]
    async with store.connection() as connection:
        found = await entries_table.get_many(connection, "anna", ids)
    spared, care = await spare_entries(default_care(), [found[entry_id] for entry_id in ids])
    assert [entry.body for entry in spared] == ["Rain.", "Sun."]
    assert (care.kind, care.locale) == ("suicide", "en")
    everything, none = await spare_entries(OFF, found.values())
    assert (len(everything), none) == (5, None)


async def test_statistics_keep_no_mark(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        target = await connection.fetchval(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'entries'::regclass AND attname = 'care'"
        )
    finally:
        await connection.close()
    assert target == 0


async def test_the_text_is_the_journals_where_its_owner_has_named_a_locale(store, owner):
    entry = await _create(store, owner, care=GERMAN)
    assert entry.care.locale == "de-DE"
    await change_settings(store, owner.principal, "anna", JournalSettingsChange(locale="fr"))
    read = await get_entry(store, owner.principal, "anna", entry.id, care=GERMAN)
    again = await request_reflection(store, owner.principal, "anna", entry.id, care=GERMAN)
    french = HelpTexts.load().find("fr").text
    assert (read.care.text, again.notice) == (french, french)
    assert (await _create(store, owner, care=GERMAN)).care.text == french
