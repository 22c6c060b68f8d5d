"""The words of a text as they are compared, each with its place: any language, no dictionary, no stemming.

Compared are lower-case letters without Latin, Greek or Cyrillic accents: `Müller` and `MULLER` are one word, `Straße`
and `strasse` too. Scripts that put no blanks between words (Han, kana, Thai, Lao, Khmer, Burmese) are taken as pairs of
neighbouring characters.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

#: A change of what counts as a word makes what was indexed before incomparable: count it up.
VERSION = 1
_UNSPACED = (
    "\u0e00-\u0e4e\u0e80-\u0ecd\u1000-\u1049\u1780-\u17d3\u3041-\u3096\u3099\u309a\u30a1-\u30fa\u30fc"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
#: Accents and vowel signs, which Python counts as no letters: without them, words of India fall into pieces.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u0900-\u0963\u0971-\u0dff"
)
_RUN = re.compile(f"(?P<unspaced>[{_UNSPACED}]+)|(?:(?![{_UNSPACED}])(?:[^\\W_]|[{_MARKS}]))+")
#: Of Latin, Greek and Cyrillic; and the marks of Hebrew and Arabic that are mostly not written.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u0652\u0670]")
#: Letters that Unicode does not take apart (the last is the dotless i), and what people type instead.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})
#: What is longer is no word (base64, a line of dashes in letters), and would only fill the cache.
_WORD_CHARS_MAX = 64


@dataclass(frozen=True)
class Word:
    """`text[start:end]`, in code points, as it is compared."""

    folded: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """The words in the order of the text. Of unspaced scripts each character, and each pair of neighbours."""
    for run in _RUN.finditer(text):
        start, end = run.span()
        if run["unspaced"] is not None:
            yield from (Word(fold(text[at]), at, at + 1) for at in range(start, end))
            yield from (Word(fold(text[at : at + 2]), at, at + 2) for at, _ in pairwise(range(start, end)))
        elif end - start <= _WORD_CHARS_MAX and (folded := fold(run[0])):
            yield Word(folded, start, end)


def query_words(text: str) -> list[str]:
    """The distinct words that a hit may have, in order: of unspaced scripts the pairs alone, where there is one."""
    found: dict[str, None] = {}
    for run in _RUN.finditer(text):
        start, end = run.span()
        words = list(words_of(run[0]))
        wanted = [word for word in words if word.end - word.start > 1] if run["unspaced"] and end - start > 1 else words
        found.update((word.folded, None) for word in wanted)
    return list(found)


@lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """One word as it is compared. Cached: a language has few words, and each costs microseconds."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.casefold())
    plain = _ACCENTS.sub("", apart).translate(_PLAIN)
    # Composed again: syllables of Korean, and kana with their marks, were taken apart too.
    return unicodedata.normalize("NFC", plain)
