"""What can be seen in a reflection without a reader: its form, its language, and whether it is about the entry.

A reflection that passes may still be shallow, tactless or wrong; one that fails breaks what was promised.
"""

import re
from collections.abc import Sequence
from typing import Literal

from insights_worker.languages import Language, language_of, words_of

#: `sentences`: not three to six. `unfinished`: the last one has no end. `questions`: not one to three that end as such.
#: `language`: another one than the entry's. `address`: the writer is not spoken to. `echo`: copied from the entry.
#: `repeats`: says the same twice.
#: `overlap`: does not take up what the entry says. `names`: names or numbers that stand nowhere in what was read.
Fault = Literal["sentences", "unfinished", "questions", "language", "address", "echo", "repeats", "overlap", "names"]

SENTENCES_MIN, SENTENCES_MAX = 3, 6
QUESTIONS_MAX = 3
#: Words of the entry that the reflection takes up, at least; fewer where the entry has fewer.
_TAKEN_UP_MIN = 2
#: Words that mean something are seldom shorter. Of longer ones the beginning is compared: `walk` is in `walking`.
_CONTENT_CHARS = 4
_STEM_CHARS = 5
#: Runs of so many words that both have are copied; more of them than this share is an echo.
_RUN_WORDS = 5
_ECHO_SHARE = 0.4

#: Quotation marks and brackets that may close after the end of a sentence.
_CLOSING = r"[\"'\u201d\u2019\u00bb)]*"
#: A blank follows Latin ends, but not East Asian ones. The last are of Indic scripts, Arabic, Urdu, Armenian, Ethiopic,
#: Khmer and Burmese.
_END = re.compile(
    rf"[.!?\u2026]+{_CLOSING}(?=\s|$)|[\u3002\uff01\uff1f]+[\u300d\u300f]*"
    r"|[\u0964\u0965\u061f\u06d4\u0589\u1362\u17d4\u104b]+"
)
#: Thai and Lao, which write sentences without an end.
_ENDLESS = re.compile(r"[\u0e00-\u0eff]")
#: What a full stop may shorten: "Mr.", "z. B.", "3.".
_SHORT = re.compile(r"(?<!\w)(?:\w{1,3}|\d+)$")
_QUESTION_END = re.compile(rf"[?\uff1f\u061f;]{_CLOSING}$")
#: A word that begins no sentence and no quotation.
_INSIDE = re.compile(r"(?:(?<=\w\s)|(?<=[,;]\s))[^\W\d_]{2,}")
_NUMBER = re.compile(r"\d+")
#: Their nouns are capitalised all.
_CAPITAL_NOUNS = {"de"}


def faults_of(text: str, questions: Sequence[str], read: Sequence[str]) -> tuple[Fault, ...]:
    """What is wrong with a reflection. `read`: the entry, then what else the model was shown."""
    entry = read[0]
    language = language_of(text)
    found: list[Fault] = []
    if not SENTENCES_MIN <= len(sentences(text)) <= SENTENCES_MAX:
        found.append("sentences")
    if not _ends(text):
        found.append("unfinished")
    if not 1 <= len(questions) <= QUESTIONS_MAX or not all(_QUESTION_END.search(each.strip()) for each in questions):
        found.append("questions")
    if _another_language(language, language_of(entry)):
        found.append("language")
    if language and language.you and not language.you & set(words_of(text)):
        found.append("address")
    if copied_share(text, entry) > _ECHO_SHARE:
        found.append("echo")
    if _repeats([*sentences(text), *questions]):
        found.append("repeats")
    if taken_up(text, entry) < min(_TAKEN_UP_MIN, len(_content(entry))):
        found.append("overlap")
    if invented(" ".join([text, *questions]), read, language):
        found.append("names")
    return tuple(found)


def is_hopeless(text: str) -> bool:
    """Whatever still comes, a reflection that begins like this will fail: it repeats itself or has no end."""
    ends = [match.end() for match in _END.finditer(text)]
    finished = sentences(text[: ends[-1]]) if ends else []
    return len(finished) > SENTENCES_MAX or _repeats(finished)


def three_to_six(parts: Sequence[str]) -> list[str]:
    """A reflection's `parts`, each a sentence or several, without what is beyond six; none where there are not three.

    A full stop behind an abbreviation is counted too: a sentence too few may pass, and one too many may go. But what is
    cut ends where a sentence surely does.
    """
    counts = [max(1, len(sentences(part))) for part in parts]
    if sum(counts) < SENTENCES_MIN and not any(_ENDLESS.search(part) for part in parts):
        return []
    kept: list[str] = []
    room = SENTENCES_MAX
    for part, count in zip(parts, counts, strict=True):
        kept.append(part if count <= room else _beginning(part, room))
        room -= count
        if room <= 0:
            break
    return kept


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _END.split(text) if part and part.strip()]


def taken_up(text: str, entry: str) -> int:
    """Words of meaning that both have, by their beginnings."""
    return len(_content(text) & _content(entry))


def copied_share(text: str, entry: str) -> float:
    """Of the text's runs of five words, those that stand in the entry; 0..1."""
    runs, source = _runs(text), set(_runs(entry))
    return sum(run in source for run in runs) / len(runs) if runs else 0.0


def invented(text: str, read: Sequence[str], language: Language | None) -> set[str]:
    """Numbers, and words with a capital inside a sentence, of which nothing that was read has any."""
    known = {word[:_STEM_CHARS] for source in read for word in words_of(source)}
    numbers = set(_NUMBER.findall(text)) - {number for source in read for number in _NUMBER.findall(source)}
    if language is None or language.code in _CAPITAL_NOUNS:
        return numbers
    names = {match[0] for match in _INSIDE.finditer(text) if match[0][0].isupper()}
    return numbers | {name for name in names if name.casefold()[:_STEM_CHARS] not in known}


def _beginning(text: str, count: int) -> str:
    """Of its sentences so many; or fewer, where the last one may be none."""
    ends = list(_END.finditer(text))[:count]
    # Abbreviations do not come in rows: one of the last is an end, short as its word may be.
    sure = [end for end in ends[-3:] if end[0][0] != "." or not _SHORT.search(text[: end.start()])]
    return text[: (sure or ends)[-1].end()]


def _repeats(parts: Sequence[str]) -> bool:
    said = [tuple(words_of(part)) for part in parts]
    return len(set(said)) < len(said)


def _ends(text: str) -> bool:
    stripped = text.strip()
    return any(match.end() == len(stripped) for match in _END.finditer(stripped))


def _another_language(one: Language | None, other: Language | None) -> bool:
    return one is not None and other is not None and one.code != other.code


def _content(text: str) -> set[str]:
    language = language_of(text)
    stop = language.stop if language else frozenset[str]()
    return {word[:_STEM_CHARS] for word in words_of(text) if len(word) >= _CONTENT_CHARS and word not in stop}


def _runs(text: str) -> list[tuple[str, ...]]:
    words = words_of(text)
    return [tuple(words[start : start + _RUN_WORDS]) for start in range(len(words) - _RUN_WORDS + 1)]
