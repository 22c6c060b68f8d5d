import json
from pathlib import Path
from typing import get_args

from contracts.enrichments import MoodLabel
from devstack.demo.diary import load_diary

MOODS = Path(__file__).parents[2] / "e2e" / "demo_moods.json"


def test_the_diary_holds_forty_entries_in_the_order_they_were_written():
    moments = [entry.draft.written_at for entry in load_diary()]
    assert len(moments) == 40
    assert moments == sorted(moments)
    assert (moments[-1] - moments[0]).days == 40


def test_one_entry_is_a_long_read_and_repeats_no_sentence():
    body = max((entry.draft.body for entry in load_diary()), key=len)
    assert 5500 < len(body.split()) < 7000
    paragraphs = body.split("\n\n")
    assert len(paragraphs) == len(set(paragraphs)) > 30


def test_keys_follow_the_content_and_differ_from_entry_to_entry():
    first = {entry.idempotency_key for entry in load_diary()}
    load_diary.cache_clear()
    again = {entry.idempotency_key for entry in load_diary()}
    assert len(first) == 40
    assert first == again


def test_every_entry_has_moods_that_a_reader_would_accept():
    moods = json.loads(MOODS.read_text())
    assert [int(number) for number in moods] == [entry.number for entry in load_diary()]
    assert {label for labels in moods.values() for label in labels} <= set(get_args(MoodLabel))
