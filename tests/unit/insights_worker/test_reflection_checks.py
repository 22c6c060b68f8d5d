"""What is seen in a reflection without a reader."""

import pytest

from insights_worker.languages import language_of
from insights_worker.reflection_checks import faults_of, sentences, three_to_six

ENTRY = "I walked to the harbour with Karim and it rained all day. We laughed about the broken umbrella for 20 minutes."
GOOD = (
    "You walked to the harbour with Karim. The rain did not spoil it for you. You laughed about an umbrella that broke."
)
QUESTIONS = ["What made the two of you laugh so much?"]


def test_a_reflection_in_good_form_about_the_entry_has_no_fault() -> None:
    assert faults_of(GOOD, QUESTIONS, [ENTRY]) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("You walked to the harbour with Karim. You laughed in the rain.", "sentences"),
        (f"{GOOD} {GOOD} You were wet.", "sentences"),
        (f"{GOOD} And then the", "unfinished"),
        (f"{GOOD} You walked to the harbour, with Karim.", "repeats"),
        ("Ich gehe zum Hafen und du bist mit Karim im Regen. Das ist schön für dich. Du hast gelacht.", "language"),
        (GOOD.replace("You", "I").replace("you", "me"), "address"),
        (ENTRY.replace("I walked", "You walked") + " It was for you.", "echo"),
        ("You had a hard time at the office. That is not easy for you. It will be better soon.", "overlap"),
        (GOOD.replace("Karim", "Jonathan"), "names"),
        (GOOD.replace("an umbrella", "30 umbrellas"), "names"),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    assert fault in faults_of(text, QUESTIONS, [ENTRY])


@pytest.mark.parametrize(
    "questions", [[], ["You laughed."], ["What broke?", "What rained?", "What was it?", "And then?"], ["Was it? Yes."]]
)
def test_questions_are_one_to_three_and_end_as_such(questions: list[str]) -> None:
    assert faults_of(GOOD, questions, [ENTRY]) == ("questions",)


def test_a_name_out_of_an_earlier_entry_is_not_invented() -> None:
    text = GOOD.replace("The rain", "As with Nora, the rain")
    assert faults_of(text, QUESTIONS, [ENTRY]) == ("names",)
    assert faults_of(text, QUESTIONS, [ENTRY, "Nora came by."]) == ()


def test_german_nouns_are_no_names() -> None:
    entry = (
        "Ich bin mit Karim zum Hafen gegangen und es hat den ganzen Tag geregnet. Wir haben über den Schirm gelacht."
    )
    text = (
        "Du bist mit Karim im Regen zum Hafen gegangen. Der Schirm hat euch zum Lachen gebracht. Das war dir wichtig."
    )
    assert faults_of(text, ["Was war das Schöne an dem Tag?"], [entry]) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('We waited. "It rained!" Mr Hill said... And so on?', 4),
        ("雨が降った。静かだった。また明日。", 3),
        ("It took 2.5 hours and cost 3.20", 1),
        ("", 0),
    ],
)
def test_sentences_are_counted_by_their_ends(text: str, expected: int) -> None:
    assert len(sentences(text)) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I have been at the sea and it was good for me.", "en"),
        ("Ich war am Meer und es war gut für mich.", "de"),
        ("Je suis allée à la mer et ce n'était pas pour moi.", "fr"),
        ("Fui al mar y no me gustó porque era muy tarde.", "es"),
        ("Sono stata al mare e non mi è piaciuto per niente.", "it"),
        ("Ik was aan zee en het was niet goed voor mij.", "nl"),
        ("Fui ao mar e não gostei porque já era tarde.", "pt"),
    ],
)
def test_a_language_is_told_by_its_small_words(text: str, code: str) -> None:
    language = language_of(text)
    assert language is not None
    assert language.code == code


@pytest.mark.parametrize("text", ["", "Zum Beispiel Kaffee", "Byłem nad morzem i było mi dobrze.", "海に行った。"])
def test_of_what_is_too_short_or_unknown_nothing_is_said(text: str) -> None:
    assert language_of(text) is None


SEVEN = "You rose. It rained. You walked. You laughed. You ate. You slept. You dreamt."


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        (["You rose. It rained."], []),
        (["You rose.", "It rained."], []),
        (["You rose. It rained. You walked"], ["You rose. It rained. You walked"]),
        (["You rose", "It rained", "You walked"], ["You rose", "It rained", "You walked"]),
        ([SEVEN], ["You rose. It rained. You walked. You laughed. You ate. You slept."]),
        ([SEVEN[:40], SEVEN[:40]], [SEVEN[:40], "You rose. It rained."]),
        (["You rose.", SEVEN, "And then."], ["You rose.", "You rose. It rained. You walked. You laughed."]),
        # The sixth full stop is that of a title.
        (
            ["You rose. It rained. You walked. You laughed. You slept. You met Mr. Hill. You ran."],
            ["You rose. It rained. You walked. You laughed. You slept."],
        ),
        (["\u96e8\u304c\u964d\u3063\u305f\u3002\u9759\u304b\u3060\u3063\u305f\u3002"], []),
        (["\u96e8\u3002" * 7], ["\u96e8\u3002" * 6]),
        (["\u092c\u093e\u0930\u093f\u0936\u0964 " * 3], ["\u092c\u093e\u0930\u093f\u0936\u0964 " * 3]),
        (
            ["\u0e1d\u0e19\u0e15\u0e01 \u0e40\u0e07\u0e35\u0e22\u0e1a"],
            ["\u0e1d\u0e19\u0e15\u0e01 \u0e40\u0e07\u0e35\u0e22\u0e1a"],
        ),
    ],
)
def test_a_reflection_has_three_to_six_sentences(parts: list[str], kept: list[str]) -> None:
    assert three_to_six(parts) == kept
