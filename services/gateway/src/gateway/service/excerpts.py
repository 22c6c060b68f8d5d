"""Passages cut to a readable length, around the words that were looked for, with the place of each."""

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

from contracts.search import Highlight
from entry_index import words_of

EXCERPT_CHARS = 240
_CUT = "…"
#: Shown before the first word that matched, where the beginning is cut off.
_LEAD_CHARS = 60
_VISIBLE = re.compile(r"\S+")


@dataclass(frozen=True)
class Excerpt:
    text: str
    #: What is shown lies within `body[start:end]`.
    start: int
    end: int
    highlights: tuple[Highlight, ...]


def excerpt(body: str, start_char: int, end_char: int, wanted: Collection[str]) -> Excerpt:
    """A part of `body[start_char:end_char]` of at most EXCERPT_CHARS, whole words, white space as single blanks.

    It is the part with most of the `wanted` words (as `query_words` gives them), the beginning where there are none.
    A cut end is marked by `…`. A word longer than the whole excerpt is cut all the same.
    """
    text, places = _collapsed(body, start_char, end_char)
    if not text:
        return Excerpt("", start_char, start_char, ())
    marks = _marks(body[start_char:end_char], start_char, places, wanted)
    begin, end = _window(text, marks)
    lead, tail = (_CUT if begin > 0 else ""), (_CUT if end < len(text) else "")
    shown = lead + text[begin:end] + tail
    return Excerpt(
        shown,
        places[begin],
        places[end - 1] + 1,
        tuple(
            Highlight(
                start=places[first],
                end=places[last - 1] + 1,
                snippet_start=first - begin + len(lead),
                snippet_end=last - begin + len(lead),
            )
            for first, last, _ in _merged(marks)
            if begin <= first and last <= end
        ),
    )


def _collapsed(body: str, start: int, end: int) -> tuple[str, list[int]]:
    """The passage with single blanks, and for each of its characters the place in `body`."""
    runs = list(_VISIBLE.finditer(body, start, min(end, len(body))))
    places = list(chain.from_iterable((*range(run.start(), run.end()), run.end()) for run in runs))
    return " ".join(run[0] for run in runs), places[:-1]


def _marks(passage: str, start: int, places: list[int], wanted: Collection[str]) -> list[tuple[int, int, str]]:
    """Where wanted words stand in the collapsed text, in order, and which."""
    found: list[tuple[int, int, str]] = []
    for word in words_of(passage) if wanted else ():
        if word.folded in wanted:
            first = bisect_left(places, start + word.start)
            found.append((first, first + word.end - word.start, word.folded))
    return sorted(found)


def _merged(marks: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Overlapping ones as one: neighbouring pairs of unspaced scripts share a character."""
    merged: list[tuple[int, int, str]] = []
    for first, last, word in marks:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]), word)
        else:
            merged.append((first, last, word))
    return merged


def _window(text: str, marks: list[tuple[int, int, str]]) -> tuple[int, int]:
    if len(text) <= EXCERPT_CHARS:
        return 0, len(text)
    begins = [0, *(_word_begin(text, first - _LEAD_CHARS) for first, _, _ in marks)]
    windows = [(begin, _word_end(text, begin)) for begin in begins]
    # Of equals the earliest. Longer words count more: they are the rarer ones.
    return max(windows, key=lambda window: _worth(window, marks))


def _worth(window: tuple[int, int], marks: list[tuple[int, int, str]]) -> int:
    return sum(len(word) for word in {word for first, last, word in marks if window[0] <= first and last <= window[1]})


def _word_begin(text: str, at: int) -> int:
    """The first beginning of a word from `at` on, not so late that room at the end would stay empty."""
    at = min(at, len(text) - EXCERPT_CHARS + 1)
    if at <= 0:
        return 0
    blank = text.find(" ", at - 1, at + _LEAD_CHARS)
    return blank + 1 if blank >= 0 else at


def _word_end(text: str, begin: int) -> int:
    room = EXCERPT_CHARS - (len(_CUT) if begin > 0 else 0)
    if len(text) - begin <= room:
        return len(text)
    limit = begin + room - len(_CUT)
    # The blank after the last word that fits may stand exactly at the limit.
    border = text.rfind(" ", begin, limit + 1)
    return border if border > begin else limit
