"""Snippets are readable, cursors come back as they went."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.entries import Entry
from gateway.service.cursors import cursor_after, parse_cursor
from gateway.service.snippets import SNIPPET_CHARS, snippet


def test_a_short_passage_is_shown_whole_on_one_line():
    assert snippet("before  It rained.\n\nAll day.  after", 6, 28) == "It rained. All day."


def test_a_long_passage_is_cut_between_words():
    cut = snippet("word " * 100, 0, 500)
    assert cut.endswith("word…")
    assert len(cut) <= SNIPPET_CHARS


def test_one_endless_word_is_cut_all_the_same():
    assert len(snippet("x" * 1000, 0, 1000)) == SNIPPET_CHARS


@given(st.text(max_size=600), st.integers(0, 600), st.integers(0, 600))
def test_a_snippet_is_never_too_long_and_made_of_the_passage(body, start, end):
    shown = snippet(body, start, end)
    assert len(shown) <= SNIPPET_CHARS
    assert " ".join(body[start:end].split()).startswith(shown.removesuffix("…"))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-3, minutes=-30))])
def test_a_cursor_comes_back_as_it_went(zone):
    now = datetime.now(zone)
    entry = Entry(uuid4(), "anna", 1, "", now, (), {}, now, now)
    assert parse_cursor(cursor_after(entry)) == (now, entry.id)
