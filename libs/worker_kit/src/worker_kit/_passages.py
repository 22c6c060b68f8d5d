"""Cutting a long text into passages that fit a model, each with its place in the text.

No tokenizer is at hand (Ollama has no such call), so sizes are estimated on the safe side; the server refuses what is
too long all the same, and the caller then asks for smaller passages. Nothing is ever cut off.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

#: Whole entry up to here: longer vectors blur. The window of most small embedding models is 512, of which they were
#: trained on less.
PASSAGE_TOKENS = 350
SMALLEST_PASSAGE_TOKENS = 16
#: Latin words average four to five letters a token; every other script is counted a token a character.
_LETTERS_PER_TOKEN = 4
_WORDS = re.compile(r"[A-Za-z0-9\u00c0-\u024f]+|[^\sA-Za-z0-9\u00c0-\u024f]")
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u3002\uff01\uff1f])[\s\"'\u201d\u2019)]*\s+|\n")
_WORD_END = re.compile(r"\s+")


@dataclass(frozen=True)
class Span:
    """`text[start:end]`."""

    start: int
    end: int


def estimate_tokens(text: str) -> int:
    return sum(1 + (len(word) - 1) // _LETTERS_PER_TOKEN for word in _WORDS.findall(text))


def split(text: str, *, limit_tokens: int = PASSAGE_TOKENS) -> list[Span]:
    """Spans that cover all of `text` in order; each but the first begins with the last sentence of the one before.

    Cuts lie between paragraphs where possible, else between sentences, else words, else anywhere.
    """
    if estimate_tokens(text) <= limit_tokens:
        return [Span(0, len(text))]
    pieces = list(_pieces(text, Span(0, len(text)), limit_tokens))
    return list(_with_overlap(text, list(_packed(text, pieces, limit_tokens)), limit_tokens))


def beginning_and_end(text: str, *, limit_tokens: int) -> str:
    """All of it where it fits, else how it begins and how it ends, with a mark between: there a day is told."""
    spans = split(text, limit_tokens=max(limit_tokens // 2, 64))
    if len(spans) <= 2:  # noqa: PLR2004 - the two halves are everything
        return text
    first, last = spans[0], spans[-1]
    return f"{text[first.start : first.end]}\n[...]\n{text[last.start : last.end]}"


def _pieces(text: str, whole: Span, limit: int) -> Iterator[Span]:
    """The finest cuts needed for each piece to fit, coarse ones first."""
    if estimate_tokens(text[whole.start : whole.end]) <= limit:
        yield whole
        return
    for end in (_PARAGRAPH_END, _SENTENCE_END, _WORD_END):
        cuts = [match.end() for match in end.finditer(text, whole.start, whole.end)]
        cuts = [cut for cut in cuts if whole.start < cut < whole.end]
        if cuts:
            for start, stop in pairwise([whole.start, *cuts, whole.end]):
                yield from _pieces(text, Span(start, stop), limit)
            return
    middle = (whole.start + whole.end) // 2
    yield from _pieces(text, Span(whole.start, middle), limit)
    yield from _pieces(text, Span(middle, whole.end), limit)


def _packed(text: str, pieces: list[Span], limit: int) -> Iterator[Span]:
    """Neighbouring pieces together, as many as fit."""
    start, end = pieces[0].start, pieces[0].end
    for piece in pieces[1:]:
        if estimate_tokens(text[start : piece.end]) > limit:
            yield Span(start, end)
            start = piece.start
        end = piece.end
    yield Span(start, end)


def _with_overlap(text: str, spans: list[Span], limit: int) -> Iterator[Span]:
    """Begin each span a sentence early, where that sentence is short beside the limit and not the whole span before."""
    yield spans[0]
    for previous, span in pairwise(spans):
        ends = (match.end() for match in _SENTENCE_END.finditer(text, previous.start, span.start - 1))
        sentence = max((end for end in ends if end > previous.start), default=span.start)
        before = text[sentence : span.start]
        small = before.strip() and estimate_tokens(before) <= limit // 4
        fits = estimate_tokens(text[sentence : span.end]) <= limit + limit // 4
        yield Span(sentence, span.end) if small and fits else span
