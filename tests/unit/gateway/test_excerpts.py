"""What a hit shows: readable, made of the passage, around the words that were looked for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.search import Recency
from entry_index import query_words
from gateway.service.excerpts import EXCERPT_CHARS, excerpt
from gateway.service.recency import recency_factor


def shown(body, start=0, end=None, query=""):
    return excerpt(body, start, len(body) if end is None else end, set(query_words(query)))


def marked(body, found):
    """The highlighted words, by the offsets in the body and by those in the snippet."""
    return [
        (body[mark.start : mark.end], found.text[mark.snippet_start : mark.snippet_end]) for mark in found.highlights
    ]


def test_a_short_passage_is_shown_whole_on_one_line():
    found = shown("before  It rained.\n\nAll day.  after", 6, 28, "rain RAINED day")
    assert found.text == "It rained. All day."
    assert (found.start, found.end) == (8, 28)
    assert marked("before  It rained.\n\nAll day.  after", found) == [("rained", "rained"), ("day", "day")]


def test_a_long_passage_without_the_words_is_cut_after_a_word():
    found = shown("word " * 100)
    assert found.text.endswith("word…")
    assert len(found.text) <= EXCERPT_CHARS


def test_one_endless_word_is_cut_all_the_same():
    assert len(shown("x" * 1000).text) == EXCERPT_CHARS


def test_the_part_with_most_of_the_words_is_shown():
    body = "We ate. " * 50 + "Then Zbigniew brought plum dumplings to us. " + "We slept. " * 50
    found = shown(body, query="zbigniew's dumplings, then")
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) <= EXCERPT_CHARS
    assert [word for word, _ in marked(body, found)] == ["Then", "Zbigniew", "dumplings"]
    assert all(one == other for one, other in marked(body, found))


def test_offsets_count_code_points_and_accents_do_not_matter():
    body = "🌧🌧  MU\u0308LLER\n kam. Müller ging."
    found = shown(body, query="müller")
    assert marked(body, found) == [("MU\u0308LLER", "MU\u0308LLER"), ("Müller", "Müller")]
    assert found.highlights[0].start == 4


def test_neighbouring_pairs_of_an_unspaced_script_are_one_highlight():
    body = "今日は母と桜を見に行きました。"
    assert marked(body, shown(body, query="桜を見に")) == [("桜を見に", "桜を見に")]


@given(st.text(max_size=700), st.integers(0, 700), st.integers(0, 700), st.text(max_size=20))
def test_an_excerpt_is_never_too_long_and_made_of_the_passage(body, start, end, query):
    found = shown(body, start, end, query)
    assert len(found.text) <= EXCERPT_CHARS
    assert found.text.strip("…") in " ".join(body[start:end].split())
    assert all(start <= mark.start < mark.end <= end for mark in found.highlights)
    assert all(" ".join(word.split()) == word == mirror for word, mirror in marked(body, found))


@given(
    st.lists(st.sampled_from(["bees", "in", "the", "garden,", "\n\n", "桜を見"]), min_size=40, max_size=200), st.data()
)
def test_a_word_that_is_looked_for_is_shown_wherever_it_stands(words, data):
    body = " ".join([*words, "Zbigniew", *data.draw(st.permutations(words))])
    found = shown(body, query="Zbigniew")
    assert marked(body, found) == [("Zbigniew", "Zbigniew")]


@pytest.mark.parametrize(
    ("age_days", "weight", "factor"),
    [(0, 0.3, 1.0), (30, 0.3, 0.85), (60, 0.4, 0.7), (1e6, 0.3, 0.7), (-1, 0.3, 1.0), (30, 1.0, 0.5)],
)
def test_recency_halves_what_it_may_take_with_each_half_life(age_days, weight, factor):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    recency = Recency(half_life_days=30, weight=weight)
    written_at = now - timedelta(days=min(age_days, 300_000))
    assert recency_factor(recency, written_at, now) == pytest.approx(factor)
