"""Marks of citations taken out of an answer, however it is cut into pieces."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ask.citations import Cited, CitedText


def read(*pieces: str, passages: int = 3) -> CitedText:
    text = CitedText(passages)
    for piece in pieces:
        text.add(piece)
    text.end()
    return text


def spans(text: CitedText) -> list[tuple[str, tuple[int, ...]]]:
    return [(text.shown[one.at : one.at + one.length], one.numbers) for one in text.cited]


def test_a_mark_cites_its_sentence_and_goes() -> None:
    text = read("You saw a heron. [2] It flew away [1, 3]. Nothing else.")
    assert text.shown == "You saw a heron. It flew away. Nothing else."
    assert spans(text) == [("You saw a heron.", (2,)), ("It flew away", (1, 3))]


def test_a_sentence_before_without_a_mark_is_shown_and_is_not_cited() -> None:
    text = read("It rained. You saw a heron [1].")
    assert text.shown == "It rained. You saw a heron."
    assert spans(text) == [("You saw a heron", (1,))]


def test_two_marks_in_a_row_are_one_citation() -> None:
    assert spans(read("A heron. [1] [3][1]")) == [("A heron.", (1, 3))]


def test_numbers_of_no_passage_are_removed_and_counted() -> None:
    text = read("A heron. [1, 7] A gull. [4] A tern. [99]")
    assert text.shown == "A heron. A gull. A tern."
    assert (spans(text), text.removed) == ([("A heron.", (1,))], 3)


def test_nothing_is_shown_before_the_first_citation() -> None:
    text = CitedText(2)
    assert text.add("You saw ") is None
    assert text.add("a heron. ") is None
    step = text.add("[1]")
    assert step is not None
    assert (step.at, step.text, step.cited) == (0, "You saw a heron.", (Cited(0, 16, (1,)),))
    step = text.add(" It flew")
    assert step is not None
    assert (step.at, step.text) == (16, " It flew")


def test_without_a_citation_nothing_is_ever_shown() -> None:
    text = read("You saw a heron, ", "surely. [9]")
    assert (text.shown, text.cited, text.removed, text.declined) == ("", [], 1, False)


@pytest.mark.parametrize("answer", ["[0]", " [0]\n", "The entries do not say. [0]"])
def test_the_model_may_say_that_no_passage_answers(answer: str) -> None:
    assert read(answer).declined


def test_links_and_images_stay_plain_text() -> None:
    words = "See ![x](http://evil.example/?q=1) and [here](http://evil.example) now."
    assert read(f"{words} [1]").shown == words


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("A heron. [1] A gull. It did not", "A heron. A gull."),
        ("A heron. [1] It did no[", "A heron."),
        ("A heron. [1]\nA gull\nA ter", "A heron.\nA gull"),
        ("It rained. A heron [1] and no", "It rained. A heron"),
        ("A heron. [1] At 7.30 it fl", "A heron."),
        ("\u9db4\u3002[1]\u8c37\u3002\u6d77", "\u9db4\u3002\u8c37\u3002"),
        ("A heron. [1] A gull.", "A heron. A gull."),
        ("A heron without a sou", ""),
    ],
)
def test_of_what_was_broken_off_whole_sentences_and_citations_are_kept(answer: str, kept: str) -> None:
    text = CitedText(3)
    text.add(answer)
    text.break_off()
    assert text.end() is None
    assert text.shown == kept
    assert all(one.at + one.length <= len(kept) for one in text.cited)


def test_positions_are_code_points() -> None:
    text = read("Schön 🦩! [1] Früh. [2]")
    assert text.shown == "Schön 🦩! Früh."
    assert spans(text) == [("Schön 🦩!", (1,)), ("Früh.", (2,))]


PIECES = st.lists(
    st.sampled_from(
        ["[1]", "[2, 1]", "[", "]", "1", "[9]", "[0]", ". ", "Hé", " ", "\n", "🦩", "[x](y)", "[ 3 ;2 ]", "#"]
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(PIECES, st.data())
def test_pieces_say_the_same_as_the_whole(parts: list[str], data: st.DataObject) -> None:
    answer = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=8)))
    text, told, cited = CitedText(3), "", {}
    for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True):
        step = text.add(answer[start:end])
        if step is not None:
            assert step.at == len(told)
            told += step.text
            cited |= {one.at: one for one in step.cited}
    step = text.end()
    if step is not None:
        told += step.text
        cited |= {one.at: one for one in step.cited}
    whole = read(answer)
    assert (told, list(cited.values()), text.removed) == (whole.shown, whole.cited, whole.removed)
    assert all(set(one.numbers) <= {1, 2, 3} and 0 <= one.at < one.at + one.length <= len(told) for one in whole.cited)
    assert not re.search(r"\[\s*\d{1,3}\s*\]", told)
