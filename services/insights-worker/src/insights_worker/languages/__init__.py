"""Which language a text is in, told by its most frequent words. Seven languages; of others nothing is said."""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: Fewer known words say nothing.
_WORDS_MIN = 3
#: So many more than of the second language.
_LEAD = 1.25

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Language:
    code: str
    #: The words that are in every text: articles, pronouns and their like.
    stop: frozenset[str]
    #: How the reader is addressed; empty where the verb alone may do it.
    you: frozenset[str]
    #: Numbers as words: two to twenty, and round tens.
    numbers: dict[str, int]
    #: Words that are numbers, and mean something else as often: articles, a verb.
    numbers_or_not: dict[str, int]


@cache
def languages() -> tuple[Language, ...]:
    document = json.loads(files("insights_worker.languages").joinpath("words.json").read_text(encoding="utf-8"))
    return tuple(
        Language(
            code,
            frozenset(words["stop"].split()),
            frozenset(words["you"].split()),
            _counted(words["numbers"]),
            _counted(words["numbers_or_not"]),
        )
        for code, words in document.items()
    )


def language_of(text: str) -> Language | None:
    """None where it is none of the seven, or too short to tell."""
    (most, best), (second, _), *_ = _counts(text)
    return best if most >= _WORDS_MIN and most >= _LEAD * second else None


def likely_languages(text: str) -> list[Language]:
    """Of a short text: those of which it has most words, if it has any."""
    counts = _counts(text)
    return [each for count, each in counts if count == counts[0][0] > 0]


def words_of(text: str) -> list[str]:
    """In lower case, without digits."""
    return [match[0].casefold() for match in _WORD.finditer(text)]


def _counts(text: str) -> list[tuple[int, Language]]:
    """How many words of each language, the most first."""
    words = words_of(text)
    counts = [(sum(word in each.stop for word in words), each) for each in languages()]
    return sorted(counts, key=lambda pair: -pair[0])


def _counted(pairs: str) -> dict[str, int]:
    split = (pair.split("=") for pair in pairs.split())
    return {word.casefold(): int(number) for word, number in split}
