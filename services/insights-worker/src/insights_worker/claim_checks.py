"""What can be seen in a sentence or a heading of a report without a reader.

One that passes may still be wrong, or say what an entry ordered the model to say.
"""

import re
from collections.abc import Sequence
from typing import Literal

from insights_worker.languages import words_of
from insights_worker.written_numbers import invented_numbers

#: `unfit`: nothing that belongs into a report. `number`: one that stands in nothing that it rests on.
Fault = Literal["unfit", "number"]

#: A link or an image carries words away when a client fetches it, whoever thought of it.
_LINK = re.compile(r"\w://|\bwww\.|\]\(|\b[a-z0-9-]+\.[a-z]{2,}/", re.IGNORECASE)
#: Of a document, a program, or a chat's template.
_MARK = re.compile(r"</?\s*[a-z!|?]|\|>|[{}]|```|\[/?[A-Z_]{3,}\]", re.IGNORECASE)
#: Characters that nobody sees, and those that turn the order of others around.
_HIDDEN = re.compile(
    r"[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]|[\x00-\x08\x0b\x0c\x0e-\x1f]"
)
#: One word of a script that has blanks between words.
_ONE_WORD = re.compile(r"\W*[^\W\u0e00-\u0eff\u3040-\uffff]*\W*")
#: So many words in a row are in both by chance only where somebody writes about this prompt.
_RUN_WORDS = 8
#: Two to five are asked for.
_HEADING_WORDS_MAX = 8


def sentence_fault(text: str, read: Sequence[str], told: str) -> Fault | None:
    """`read`: the texts that it rests on. `told`: the model's instruction, which is nothing to report."""
    return "unfit" if _ONE_WORD.fullmatch(text) else _fault(text, read, told)


def heading_fault(text: str, read: Sequence[str], told: str) -> Fault | None:
    """As `sentence_fault`, of what may be one word, and is no copied sentence."""
    return "unfit" if len(words_of(text)) > _HEADING_WORDS_MAX else _fault(text, read, told)


def _fault(text: str, read: Sequence[str], told: str) -> Fault | None:
    if any(pattern.search(text) for pattern in (_LINK, _MARK, _HIDDEN)) or _repeats(text, told):
        return "unfit"
    return "number" if invented_numbers(text, read) else None


def _repeats(text: str, told: str) -> bool:
    return bool(_runs(text) & _runs(told))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[start : start + _RUN_WORDS]) for start in range(len(words) - _RUN_WORDS + 1)}
