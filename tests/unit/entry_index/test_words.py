"""What counts as a word, in several languages."""
# ruff: noqa: RUF001 - letters of other scripts are the point

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entry_index import query_words, words_of


def folded(text):
    return [word.folded for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Anna's STRASSE, Straße", ["anna", "s", "strasse", "strasse"]),
        ("Müller, MU\u0308LLER", ["muller", "muller"]),
        ("naïve façade Łódź smørrebrød", ["naive", "facade", "lodz", "smorrebrod"]),
        ("Ёлка ΆΝΝΑ", ["елка", "αννα"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("안녕하세요 친구", ["안녕하세요", "친구"]),
        ("שָׁלוֹם مَرْحَبًا", ["שלום", "مرحبا"]),
        ("桜を見", ["桜", "を", "見", "桜を", "を見"]),
        ("ok桜", ["ok", "桜"]),
        ("ｶﾌｪ ﬁsh", ["カ", "フ", "ェ", "カフ", "フェ", "fish"]),
        ("3.5 km a_b", ["3", "5", "km", "a", "b"]),
        ("🌸 … !?", []),
        ("x" * 65, []),
    ],
)
def test_words_are_compared_without_case_and_accents(text, words):
    assert folded(text) == words


def test_a_query_asks_for_each_word_once_and_for_pairs_where_a_script_has_no_blanks():
    assert query_words("Bees and bees and 桜を見") == ["bees", "and", "桜を", "を見"]
    assert query_words("桜") == ["桜"]


@given(st.text(max_size=200))
def test_a_word_stands_where_it_says_and_whatever_is_asked_for_can_be_found_in_the_text(text):
    words = list(words_of(text))
    for word in words:
        assert 0 <= word.start < word.end <= len(text)
    assert set(query_words(text)) <= {word.folded for word in words}
