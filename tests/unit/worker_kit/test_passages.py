"""For every text: nothing is lost, order is kept, limits hold."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker_kit import PASSAGE_TOKENS, Span, estimate_tokens, split

WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäéßØ", min_size=1, max_size=14)
SENTENCE = st.lists(WORD, min_size=1, max_size=12).map(lambda words: " ".join(words) + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=5).map(" ".join)
DIARY = st.lists(PARAGRAPH, min_size=1, max_size=4).map("\n\n".join)
#: Anything that an entry may hold: no surrogates.
ANYTHING = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=200)
TEXT = st.one_of(DIARY, ANYTHING, st.integers(1, 900).map(lambda n: "x" * n), st.just("日記を書いた。" * 30))
LIMIT = st.integers(16, 120)


def cut(text: str, spans: list[Span]) -> list[str]:
    return [text[span.start : span.end] for span in spans]


@settings(max_examples=60, deadline=None)
@given(TEXT, LIMIT)
def test_every_character_is_in_some_passage_and_passages_are_in_order(text: str, limit: int) -> None:
    spans = split(text, limit_tokens=limit)
    assert spans[0].start == 0
    assert spans[-1].end == len(text)
    for before, after in pairwise(spans):
        assert before.start < after.start <= before.end < after.end


@settings(max_examples=60, deadline=None)
@given(TEXT, LIMIT)
def test_no_passage_is_longer_than_the_limit_and_its_overlap(text: str, limit: int) -> None:
    spans = split(text, limit_tokens=limit)
    passages = cut(text, spans)
    assert estimate_tokens(passages[0]) <= limit
    assert all(estimate_tokens(passage) <= limit + limit // 4 for passage in passages)
    assert all(passage for passage in passages)


@settings(max_examples=20, deadline=None)
@given(TEXT, LIMIT)
def test_the_same_text_is_cut_the_same_way_again(text: str, limit: int) -> None:
    assert split(text, limit_tokens=limit) == split(text, limit_tokens=limit)


def test_a_short_entry_stays_whole() -> None:
    text = "Rain all day.\n\nSoup in the evening."
    assert split(text) == [Span(0, len(text))]


def test_paragraphs_are_cut_before_sentences() -> None:
    paragraphs = ["One two three. Four five six.\n\n", "Seven eight nine. Ten eleven twelve.\n\n", "Thirteen."]
    text = "".join(paragraphs)
    longest = max(estimate_tokens(paragraph) for paragraph in paragraphs)
    spans = split(text, limit_tokens=longest)
    ends = [len(paragraphs[0]), len(paragraphs[0]) + len(paragraphs[1])]
    assert [span.end for span in spans][:1] == ends[:1]
    assert {span.end for span in spans} <= {*ends, len(text)}


def test_a_passage_begins_with_the_last_sentence_of_the_one_before() -> None:
    sentences = [f"This is sentence number {number} of a rather long day. " for number in range(40)]
    text = "".join(sentences)
    passages = cut(text, split(text, limit_tokens=80))
    assert len(passages) > 3
    for before, after in pairwise(passages):
        first = after.split(". ")[0]
        assert first in before


@pytest.mark.parametrize("script", ["日", "я", "ع", "😀"])
def test_scripts_that_models_know_badly_are_counted_a_token_a_character(script: str) -> None:
    assert estimate_tokens(script * 10) == 10


def test_the_longest_entry_is_cut_in_seconds() -> None:
    text = ("The day began early and the kettle sang. " * 6500)[: 256 * 1024]
    spans = split(text)
    assert len(spans) > 100
    assert spans[-1].end == len(text)
    assert max(estimate_tokens(passage) for passage in cut(text, spans)) <= PASSAGE_TOKENS * 5 // 4
