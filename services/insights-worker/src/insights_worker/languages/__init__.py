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


@cache
def languages() -> tuple[Language, ...]:
    document = json.loads(files("insights_worker.languages").joinpath("words.json").read_text(encoding="utf-8"))
    return tuple(
        Language(code, frozenset(words["stop"].split()), frozenset(words["you"].split()))
        for code, words in document.items()
    )


def language_of(text: str) -> Language | None:
    """None where it is none of the seven, or too short to tell."""
    words = words_of(text)
    counted = sorted(
        ((sum(word in each.stop for word in words), each) for each in languages()), key=lambda pair: -pair[0]
    )
    (most, best), (second, _) = counted[0], counted[1]
    return best if most >= _WORDS_MIN and most >= _LEAD * second else None


def words_of(text: str) -> list[str]:
    """In lower case, without digits."""
    return [match[0].casefold() for match in _WORD.finditer(text)]
