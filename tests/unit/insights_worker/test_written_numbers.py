"""Numbers of a model's own are seen, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_worker.languages import languages
from insights_worker.written_numbers import invented_numbers

READ = ["2026-03-02\nI ran 7.5 km at 08:30 and saw twelve herons. It cost 1,200 euros, and that was the end of it."]


@pytest.mark.parametrize(
    "text",
    [
        "You ran 7.5 km.",
        "You ran 7,5 km.",
        "You were out at 8:30.",
        "You saw 12 herons.",
        "You saw a dozen of them.",
        "It cost you 1200 euros.",
        "It cost you 1.200 euros.",
        "On March 2, 2026, you went out.",
        "On 02.03.2026 you went out.",
        "You saw one heron, for the 1st time.",
        "You saw \u0661\u0662 herons.",
        "You were happy.",
    ],
)
def test_what_was_read_may_be_said_in_other_ways(text):
    assert invented_numbers(text, READ) == set()


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("You ran 7 km.", {"7"}),
        ("You ran 5.7 km.", {"5.7"}),
        ("You ran 75 km.", {"75"}),
        ("You ran on 3.2 days a week.", {"3.2"}),
        ("You were happy 40% of the time.", {"40"}),
        ("You saw the heron and it was with four others.", {"4"}),
        ("It was at the lock for twenty-five days of the month.", {"25"}),
        ("You rose by \uff14\uff10.", {"40"}),
        ("You ran it twice, and then 4x.", {"4"}),
    ],
)
def test_what_was_not_read_is_invented(text, invented):
    assert invented_numbers(text, READ) == invented


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("Du hast an fünf Tagen von der Arbeit geschrieben.", {"5"}),
        ("Du warst dreißigmal oder auch dreimal bei der Schleuse.", {"3"}),
        ("Tu as couru soixante-dix fois dans le mois, et sur dix-sept jours.", {"70", "17"}),
        ("Tu as un vélo neuf, et tu es avec Nora.", set()),
        ("Has escrito de los once días con la familia.", {"11"}),
        ("Sei in giro con la famiglia da otto giorni.", {"8"}),
        ("Je was met de fiets op het pad, zeven keer.", {"7"}),
        ("Você não esteve com as duas irmãs na cidade.", {"2"}),
        ("The day was once more one of a kind, and you were there.", set()),
    ],
)
def test_small_numbers_are_known_as_words_in_seven_languages(text, invented):
    assert invented_numbers(text, ["Nothing."]) == invented


def test_where_the_language_cannot_be_told_words_are_no_numbers():
    assert invented_numbers("Due sei once", ["Nothing."]) == set()


def test_a_word_in_what_was_read_counts_in_any_language():
    assert invented_numbers("You saw 9 of them.", ["un vélo neuf"]) == set()


def test_each_language_names_two_to_twelve_and_the_round_tens():
    for language in languages():
        known = set(language.numbers.values()) | set(language.numbers_or_not.values())
        assert {*range(1, 13), 20, 30, 40, 50, 60} <= known, language.code


@given(st.text())
def test_nothing_is_invented_where_all_was_read(text):
    assert invented_numbers(text, [text]) == set()
