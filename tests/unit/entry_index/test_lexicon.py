import pytest

from entry_index import Lexicon

KEY = b"0123456789abcdef"


def numbers(terms):
    return set(terms.indices)


def test_equal_keys_make_equal_numbers_and_marks():
    one, two = Lexicon(KEY), Lexicon(KEY)
    assert one.mark == two.mark
    assert one.passage_terms("anna", "Bees in May") == two.passage_terms("anna", "Bees in May")


def test_numbers_are_bound_to_the_key_and_to_the_journal():
    text = "Bees in May"
    own = numbers(Lexicon(KEY).passage_terms("anna", text))
    assert len(own) == 3
    assert not own & numbers(Lexicon(KEY).passage_terms("bruno", text))
    other = Lexicon(KEY[::-1])
    assert not own & numbers(other.passage_terms("anna", text))
    assert other.mark != Lexicon(KEY).mark


def test_a_query_meets_the_passages_that_hold_its_words():
    lexicon = Lexicon(KEY)
    passage = lexicon.passage_terms("anna", "Müller brought bees.")
    assert numbers(lexicon.query_terms("anna", "muller BEES")) < numbers(passage)
    assert not numbers(lexicon.query_terms("anna", "wasps")) & numbers(passage)
    assert not lexicon.query_terms("anna", "?!")


@pytest.mark.parametrize(
    ("passage", "weight"),
    [
        # With k1 = 1.2 and b = 0.75, over a mean of 100 words.
        ("bees", 2.2 / (1 + 1.2 * 0.2575)),
        ("bees bees", 2 * 2.2 / (2 + 1.2 * 0.265)),
        ("bees " + "x " * 99, 2.2 / (1 + 1.2)),
    ],
)
def test_a_word_weighs_by_its_count_and_the_passages_length(passage, weight):
    lexicon = Lexicon(KEY)
    terms = lexicon.passage_terms("anna", passage)
    (bees,) = lexicon.query_terms("anna", "bees").indices
    assert dict(zip(terms.indices, terms.values, strict=True))[bees] == pytest.approx(weight)


def test_numbers_fit_the_index_and_stand_once_each():
    terms = Lexicon(KEY).passage_terms("anna", " ".join(f"w{number}" for number in range(5000)))
    assert len(numbers(terms)) == len(terms.indices) == len(terms.values)
    assert max(terms.indices) < 2**32


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        Lexicon(b"short")
