"""Any text is answered, soon, and no word of it is kept."""

import json
import time
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care import recognise

ENTRY_MAX_CHARS = 256 * 1024
#: Words that phrases begin with, without the rest of any: the most to compare for nothing.
HOSTILE = [
    "want ",
    "not want ",
    "i ",
    "my ",
    "k*",
    "a!",
    "die. ",
    "ich mich ",
    "no quiero ",
    "i w a n t x ",
    "\u00e9",
    "\n",
]


@given(st.text())
@settings(deadline=None, max_examples=300)
def test_any_text_is_answered(text):
    recognise(text)


@given(
    st.lists(st.sampled_from(["want", "die", "not", "live", "$", "*", "=", "s", "me", ".", "\n\n", "\ud800", "@", "1"]))
)
@settings(deadline=None, max_examples=300)
def test_words_of_phrases_in_any_order_are_answered(words):
    recognise(" ".join(words))


def test_no_entry_of_the_demos_diary_is_marked():
    lines = files("devstack.demo").joinpath("diary.jsonl").read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines) if recognise(json.loads(line)["body"])] == []


@pytest.mark.parametrize("words", HOSTILE)
def test_the_time_grows_with_the_length_alone(words):
    """Eight times the text may take four times eight times as long, on a busy machine; a square would take 64."""
    whole = (words * ENTRY_MAX_CHARS)[:ENTRY_MAX_CHARS]
    eighth_s = min(_taken_s(whole[: len(whole) // 8]) for _ in range(3))
    assert _taken_s(whole) < max(1.0, eighth_s * 8 * 4)


def _taken_s(text: str) -> float:
    start_s = time.process_time()
    recognise(text)
    return time.process_time() - start_s
