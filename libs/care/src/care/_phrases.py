"""Phrase files: how they are written, and what they become.

A line is `kind: phrase`. A phrase is words in this order, each with up to one other word before it, up to four where
`..` stands, or none where it begins with `=`; or words joined by `&`, in any order within seven words of the first.
A word may be one of several: `a|b`; begin with something: `cut*`; be allowed one wrong letter: `~suicide`; or be a list
of the file: `@want`, which a line `@want = want|wanna` made before. `$` is the end of a sentence. `#` begins a comment.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import product
from math import prod
from string import ascii_lowercase
from typing import Literal, get_args

from care._normalise import fold, without_marks
from care.errors import PhrasesInvalid

Kind = Literal["suicide", "self_harm"]
#: What weighs more stands first.
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Words that may stand before a word of a phrase, without and with `..`.
NEAR = 1
FAR = 4
PREFIX_MIN_CHARS = 3
PREFIX_MAX_CHARS = 16
_TYPO_MIN_CHARS = 5
_STARRED_MIN_CHARS = 3
_GLUED_MIN_CHARS = 8
_GLUED_MAX = 400


@dataclass(frozen=True)
class Phrase:
    kind: Kind
    language: str
    #: Numbers of choices of words in `Lexicon`.
    words: tuple[int, ...]
    #: The same, as a set.
    needs: frozenset[int]
    #: For each word, how many others may stand before it; empty where the order is free.
    gaps: tuple[int, ...]
    #: Index in `words` of the one that is looked for first.
    anchor: int


@dataclass(frozen=True)
class Lexicon:
    """All phrases, found by the words in them. Filled once, then only read."""

    #: Language and choice of words -> its number.
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    #: Word of a text -> numbers of the choices that it belongs to.
    exact: dict[str, frozenset[int]] = field(default_factory=dict)
    #: The same for beginnings of words.
    prefixes: dict[str, frozenset[int]] = field(default_factory=dict)
    #: The first letters of each of `prefixes`: most words have none of them.
    openings: set[str] = field(default_factory=set)
    #: Number of a choice -> the phrases that are looked for where one of its words stands.
    anchored: dict[int, list[Phrase]] = field(default_factory=dict)
    #: Phrases written without spaces.
    glued: dict[str, Phrase] = field(default_factory=dict)


def read_lexicon() -> Lexicon:
    """The phrases of this package.

    Raises:
        PhrasesInvalid: a file does not follow the form above.
    """
    lexicon = Lexicon()
    for file in sorted(files("care").joinpath("phrases").iterdir(), key=lambda found: found.name):
        add_phrases(lexicon, file.name.removesuffix(".txt"), file.read_text("utf-8"))
    return lexicon


def add_phrases(lexicon: Lexicon, language: str, text: str) -> None:
    lists: dict[str, list[str]] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("@"):
            name, _, words = line.partition("=")
            lists[name.strip()] = _choices(words.strip(), lists, language, number)
            continue
        kind, _, phrase = line.partition(":")
        if kind not in KINDS or not phrase.strip():
            raise PhrasesInvalid(language, number, "is no `kind: phrase`")
        choices: list[list[str]] = []
        gaps: list[int] = []
        gap = NEAR
        for part in phrase.replace("&", " ").split():
            if part == "..":
                gap = FAR
                continue
            choices.append(_choices(part.removeprefix("="), lists, language, number))
            gaps.append(0 if part.startswith("=") else gap)
            gap = NEAR
        ids = tuple(_number(lexicon, language, words) for words in choices)
        free = "&" in phrase
        anchor = 0 if free else max(range(len(choices)), key=lambda at: min(len(word) for word in choices[at]))
        found = Phrase(kind, language, ids, frozenset(ids), () if free else tuple(gaps), anchor)
        lexicon.anchored.setdefault(ids[anchor], []).append(found)
        if not free and FAR not in gaps:
            _glue(lexicon, found, choices)


def _choices(text: str, lists: dict[str, list[str]], language: str, number: int) -> list[str]:
    found: list[str] = []
    for word in text.split("|"):
        if word.startswith("@"):
            if word not in lists:
                raise PhrasesInvalid(language, number, f"there is no list {word}")
            found += lists[word]
        elif not word.strip("~*"):
            raise PhrasesInvalid(language, number, "an empty word")
        else:
            found.append(word)
    return found


def _number(lexicon: Lexicon, language: str, words: list[str]) -> int:
    """Of this choice of words, entered once for each language."""
    key = language, "|".join(words)
    if key not in lexicon.numbers:
        number = lexicon.numbers[key] = len(lexicon.numbers)
        for word in words:
            _enter(lexicon, word, number)
    return lexicon.numbers[key]


def _enter(lexicon: Lexicon, word: str, number: int) -> None:
    plain = fold(without_marks(word.strip("~*")))
    if word.endswith("*"):
        if not PREFIX_MIN_CHARS <= len(plain) <= PREFIX_MAX_CHARS:
            raise ValueError(f"{word}: the beginning of a word has {PREFIX_MIN_CHARS} to {PREFIX_MAX_CHARS} letters")
        lexicon.openings.add(plain[:PREFIX_MIN_CHARS])
        lexicon.prefixes[plain] = lexicon.prefixes.get(plain, frozenset()) | {number}
    spellings = {plain, *_starred(plain)}
    if word.startswith("~"):
        spellings |= set(_typos(plain))
    for spelling in spellings:
        lexicon.exact[spelling] = lexicon.exact.get(spelling, frozenset()) | {number}


def _starred(word: str) -> Iterator[str]:
    """`k*l`, `s*cide`: any run of inner letters as one star, as `fold` leaves it."""
    if len(word) >= _STARRED_MIN_CHARS:
        for start in range(1, len(word)):
            for end in range(start + 1, len(word) + 1):
                yield f"{word[:start]}*{word[end:]}"


def _typos(word: str) -> Iterator[str]:
    """One letter left out, wrong, too many, or two swapped; never the first."""
    if len(word) < _TYPO_MIN_CHARS:
        return
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]
        if at + 1 < len(word):
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        for letter in ascii_lowercase:
            yield fold(word[:at] + letter + word[at + 1 :])
            yield fold(word[:at] + letter + word[at:])


def _glue(lexicon: Lexicon, phrase: Phrase, choices: list[list[str]]) -> None:
    """`killmyself`, as in hashtags. Without beginnings of words, and phrases that can be written too many ways."""
    if len(choices) == 1 or prod(len(words) for words in choices) > _GLUED_MAX:
        return
    for words in product(*choices):
        glued = fold(without_marks("".join(word.strip("~") for word in words)))
        if len(glued) >= _GLUED_MIN_CHARS and "*" not in glued:
            lexicon.glued.setdefault(glued, phrase)
