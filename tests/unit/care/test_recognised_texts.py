"""What is recognised: the figures of both sets, and each kind of disguise."""

import sys

import pytest

from care import Sign, recognise
from support.care.sentences import Figures, figures, read_set

#: What held when the sets were last changed; a phrase that lowers it is a fault.
RECALL = {"tuned": 1.0, "held_out": 0.99}
FALSE_ALARMS_MAX = {"tuned": 0.01, "held_out": 0.06}
LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl"}


@pytest.fixture(scope="module", params=["tuned", "held_out"])
def measured(request) -> tuple[str, Figures]:
    found = figures(read_set(request.param))
    # Seen with `pytest -s`, and when a test fails.
    lines = [f"{request.param}: recall {found.recall:.3f}, false alarms {found.false_alarm_rate:.3f}"]
    sys.stdout.write("\n".join([*lines, *found.missed, *found.alarmed, ""]))
    return request.param, found


def test_nearly_every_text_that_speaks_of_it_is_recognised(measured):
    name, found = measured
    assert found.recall >= RECALL[name], found.missed


def test_few_everyday_texts_are_taken_for_one(measured):
    name, found = measured
    assert found.false_alarm_rate <= FALSE_ALARMS_MAX[name], found.alarmed


def test_the_sets_are_large_enough_apart_and_in_every_language():
    tuned, held_out = read_set("tuned"), read_set("held_out")
    assert len(tuned) > 300
    assert len(held_out) > 200
    assert not {each.text for each in tuned} & {each.text for each in held_out}
    for sentences in (tuned, held_out):
        assert {each.language for each in sentences if each.speaks_of_it} == LANGUAGES
        assert {each.language for each in sentences if not each.speaks_of_it} == LANGUAGES


@pytest.mark.parametrize(
    "text",
    [
        "kill myself",
        "KILL MYSELF",
        "Kill  my-self",
        "kiiiill myseeelf",
        "k1ll mys3lf",
        "k!ll my$elf",
        "k*ll myself",
        "k**l myself",
        "kill\nmyself",
        "kill myslef",
        "killmyself",
        "#KillMyself",
        "k i l l m y s e l f",
        "k.i.l.l m.y.s.e.l.f",
        "ki\u00adll mys\u200belf",
        "\uff4b\uff49\uff4c\uff4c \uff4d\uff59\uff53\uff45\uff4c\uff46",
        "\U0001d48c\U0001d48a\U0001d48d\U0001d48d \U0001d48e\U0001d49a\U0001d494\U0001d486\U0001d48d\U0001d487",
        "myself, that is who I want to kill",
        "I want to fucking kill myself",
        "Don\u2019t want to wake up",
    ],
)
def test_a_disguise_hides_nothing(text):
    assert recognise(f"Rain. {text}. Then tea.") is not None


@pytest.mark.parametrize(
    "text",
    [
        "I would never kill myself.",
        "The film about suicide was hard to watch.",
        "My friend took her own life.",
        "This traffic makes me want to die.",
    ],
)
def test_what_is_denied_or_told_of_others_or_only_said_is_recognised_all_the_same(text):
    """A denial, a film and a friend are where people begin to speak of it: docs/care.md."""
    assert recognise(text) is not None


@pytest.mark.parametrize(
    "text", ["Dad died in May and I miss him.", "I am sad and tired.", "We buried the cat. I cried all day."]
)
def test_plain_grief_is_left_alone(text):
    assert recognise(text) is None


def test_a_sign_tells_the_kind_and_the_language():
    assert recognise("Ich habe wieder geritzt.") == Sign("self_harm", "de")
    assert recognise("Ik denk aan zelfmoord.") == Sign("suicide", "nl")


def test_suicide_weighs_more_whatever_stands_first():
    assert recognise("I cut myself again. I want to die.") == Sign("suicide", "en")


def test_one_sentence_in_a_long_text_is_enough():
    rain = "It rained and we stayed in. " * 2000
    assert recognise(rain) is None
    assert recognise(f"{rain}I wanna die. {rain}") is not None


def test_words_of_two_sentences_make_no_phrase():
    assert recognise("We talked about what I want. To die for: the cake.") is None
