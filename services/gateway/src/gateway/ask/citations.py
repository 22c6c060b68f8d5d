"""Marks of citations, `[1]` or `[2, 3]`, taken out of an answer while it is written.

Of the rest nothing is changed: a link or an image that a model writes stays the plain text that it is. No text goes out
before the first mark that names a passage: what a reader has seen of their own life cannot be taken back.
"""

import re
from dataclasses import dataclass, field

_MARK = re.compile(r"\s*\[\s*(?:passage |entry |#)?(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]", re.IGNORECASE)
#: The end of what has come may be the beginning of a mark.
_BEGUN = re.compile(r"\s*(?:\[\s*(?:[a-z]{0,7} ?|#)?[\d\s,;]{0,24})?$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u3002])[\"'\u201d\u2019)]*\s+|\n+")

#: Where a sentence is whole, also without a blank behind it where none is written.
_WHOLE = re.compile(r"[.!?\u2026][\"'\u201d\u2019)]*(?=\s|$)|[\u3002\uff01\uff1f]|(?=\n)")


@dataclass(frozen=True)
class Cited:
    """`length` code points of the text from `at` on, and the numbers of the passages."""

    at: int
    length: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """More text, which begins at `at`, and what of the whole is cited now."""

    at: int
    text: str
    cited: tuple[Cited, ...]


@dataclass
class CitedText:
    """An answer as it grows. `passages`: how many there are; they are numbered from 1."""

    passages: int
    text: str = ""
    cited: list[Cited] = field(default_factory=list)
    #: Numbers that name no passage.
    removed: int = 0
    #: The model said by `[0]` that no passage answers.
    declined: bool = False
    _raw: str = ""
    _told_chars: int = 0
    _told_cited: int = 0
    _span_from: int = 0

    @property
    def shown(self) -> str:
        """What has gone out, less what was broken off: nothing without a citation."""
        return self.text[: self._told_chars]

    def add(self, piece: str) -> Step | None:
        """What may be shown now that was not before."""
        self._raw += piece
        held = _BEGUN.search(self._raw)
        assert held is not None, "it matches the empty end"
        ready, self._raw = self._raw[: held.start()], self._raw[held.start() :]
        self._take(ready)
        return self._step()

    def end(self) -> Step | None:
        """Nothing comes any more: what looked like a beginning was none."""
        ready, self._raw = self._raw.rstrip(), ""
        self._take(ready)
        return self._step()

    def break_off(self) -> None:
        """Nothing comes any more, in the middle of it: only whole sentences are kept, and what is cited."""
        self._raw = ""
        ends = [end.end() for end in _WHOLE.finditer(self.shown)]
        self._told_chars = max(ends + [one.at + one.length for one in self.cited], default=0)
        self.text = self.shown

    def _take(self, ready: str) -> None:
        done = 0
        for mark in _MARK.finditer(ready):
            self._append(ready[done : mark.start()])
            done = mark.end()
            numbers = [int(number) for number in re.findall(r"\d+", mark[1])]
            self._cite(tuple(dict.fromkeys(number for number in numbers if 1 <= number <= self.passages)))
            self.declined = self.declined or 0 in numbers
            self.removed += sum(number > self.passages for number in numbers)
        self._append(ready[done:])

    def _append(self, text: str) -> None:
        self.text += text if self.text else text.lstrip()

    def _cite(self, numbers: tuple[int, ...]) -> None:
        """The sentence that the mark ends; after a mark in it, its rest. A second mark behind the first joins it."""
        if not numbers:
            return
        if self.cited and not self.text[self._span_from :].strip():
            last = self.cited[-1]
            joined = tuple(dict.fromkeys(last.numbers + numbers))
            self.cited[-1] = Cited(last.at, last.length, joined)
            self._told_cited = min(self._told_cited, len(self.cited) - 1)
            return
        start = self._span_from
        body = self.text[start:].rstrip()
        for end in _SENTENCE_END.finditer(self.text, start, start + len(body)):
            start = end.end()
        start += len(self.text[start:]) - len(self.text[start:].lstrip())
        length = len(self.text.rstrip()) - start
        self._span_from = len(self.text)
        if length > 0:
            self.cited.append(Cited(start, length, numbers))

    def _step(self) -> Step | None:
        if not self.cited:
            return None
        step = Step(self._told_chars, self.text[self._told_chars :], tuple(self.cited[self._told_cited :]))
        self._told_chars, self._told_cited = len(self.text), len(self.cited)
        return step if step.text or step.cited else None
