"""Words as phrases are compared by them: without case, accents, doubled letters, disguises. Every step is linear."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

#: Between these nothing is compared. Three dots are no end: "I want to... die". A line's end is none: lines wrap.
_SENTENCE_END = re.compile(r"(?<!\.)\.(?!\.)(?=\s|$)|[!?]+(?=\s|$)|\n[^\S\n]*\n")
#: `don't` is one word, `m'ouvrir` is two.
_ENGLISH_APOSTROPHE = re.compile(r"(?<=[a-z])'(?=(?:t|s|m|d|re|ve|ll)\b)")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'"))
#: What hides in words to hide them: soft hyphens, joiners, directions.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0f]")
#: The classes are disjoint, so that there is one way to read a text.
_WORD = re.compile(r"[@$]?[^\W_]+(?:[@$!*|#]+[^\W_]+)*")
_REPEATED = re.compile(r"(.)\1+")
_REPEATED_LETTER = re.compile(r"([^\W\d_])\1+")
_DISGUISES = str.maketrans({"0": "o", "1": "i", "!": "i", "|": "i", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s"})
_DISGUISED = re.compile(r"[0-9@$!|*]")
_HAS_LETTER = re.compile(r"[^\W\d_]")
#: Stands as a word after the last one of a sentence.
END = "$"
#: The fewest letters that count as a word spelt out.
_SPELT_MIN = 4


class Sentence(NamedTuple):
    #: The last one is `END`.
    words: list[str]
    #: Letters that stood alone in a row, joined: `k i l l m e`.
    spelt: list[str]


def sentences(text: str) -> Iterator[Sentence]:
    """Each sentence that has words, folded."""
    visible = _INVISIBLE.sub("", without_marks(text)).translate(_APOSTROPHES)
    plain = _REPEATED_LETTER.sub(r"\1", _ENGLISH_APOSTROPHE.sub("", visible))
    for part in _SENTENCE_END.split(plain):
        words = [fold(word) if _DISGUISED.search(word) else word for word in _WORD.findall(part)]
        if words:
            yield Sentence([*words, END], _spelt(words))


def fold(word: str) -> str:
    """One word, without marks already, as phrases and texts share it. `*` stays, for letters that were starred out."""
    if _DISGUISED.search(word) and _HAS_LETTER.search(word):
        word = word.translate(_DISGUISES)
    return _REPEATED.sub(r"\1", word)


def without_marks(text: str) -> str:
    """Lower case, without accents, and with letters that only look like others made these."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    return "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))


def _spelt(words: list[str]) -> list[str]:
    if sum(len(word) == 1 for word in words) < _SPELT_MIN:
        return []
    runs = "".join(word if len(word) == 1 else " " for word in words).split()
    return [_REPEATED.sub(r"\1", run) for run in runs if len(run) >= _SPELT_MIN]
