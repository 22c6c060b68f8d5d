"""Finding phrases in a text. The time it takes grows with the text's length, whatever stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from care._normalise import Sentence, sentences
from care._phrases import KINDS, PREFIX_MAX_CHARS, PREFIX_MIN_CHARS, Kind, Lexicon, Phrase, read_lexicon

#: How far from its first word the others of a phrase of free order may stand.
_AROUND = 7
_NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sign:
    """That a text speaks of it. Never a word of the text itself."""

    kind: Kind
    #: Whose phrases were met: `en`, `de` ...
    language: str


def recognise(text: str) -> Sign | None:
    """Whether the text speaks of suicide or self-harm; of suicide, where it speaks of both.

    Recall first: it would rather be wrong about a harmless text than miss one. None proves nothing.
    Takes about 1 ms per 1,000 characters at most. The first call reads the phrase files, which takes longer.

    Raises:
        PhrasesInvalid: a phrase file of this package is broken.
    """
    lexicon = _lexicon()
    known: dict[str, frozenset[int]] = {}
    found: Phrase | None = None
    for sentence in sentences(text):
        met = _first_in(lexicon, sentence, known)
        if met is not None and (found is None or KINDS.index(met.kind) < KINDS.index(found.kind)):
            found = met
            if found.kind == KINDS[0]:
                break
    return None if found is None else Sign(found.kind, found.language)


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return read_lexicon()


def _first_in(lexicon: Lexicon, sentence: Sentence, known: dict[str, frozenset[int]]) -> Phrase | None:
    choices = [known[word] if word in known else _choices_of(lexicon, word, known) for word in sentence.words]
    places: dict[int, list[int]] = {}
    for at, numbers in enumerate(choices):
        for number in numbers:
            places.setdefault(number, []).append(at)
    met: Phrase | None = None
    # Most sentences hold the words of no phrase at all, so that nothing has to be compared place by place.
    for number in places.keys() & lexicon.anchored.keys():
        for phrase in lexicon.anchored[number]:
            if places.keys() >= phrase.needs and any(_stands(choices, at, phrase) for at in places[number]):
                if phrase.kind == KINDS[0]:
                    return phrase
                met = phrase
    return met or _glued_in(lexicon, sentence)


def _stands(choices: Sequence[frozenset[int]], at: int, phrase: Phrase) -> bool:
    """Whether the phrase is there, its anchor at `at`."""
    if phrase.gaps:
        return _reaches(choices, at, phrase, 1) and _reaches(choices, at, phrase, -1)
    return _NOTHING.union(*choices[max(0, at - _AROUND) : at + _AROUND + 1]) >= phrase.needs


def _reaches(choices: Sequence[frozenset[int]], at: int, phrase: Phrase, step: int) -> bool:
    places = {at}
    here = phrase.anchor
    while 0 <= here + step < len(phrase.words):
        gap = phrase.gaps[here + 1] if step == 1 else phrase.gaps[here]
        here += step
        wanted = phrase.words[here]
        places = {
            place + step * far
            for place in places
            for far in range(1, gap + 2)
            if 0 <= place + step * far < len(choices) and wanted in choices[place + step * far]
        }
        if not places:
            return False
    return True


def _choices_of(lexicon: Lexicon, word: str, known: dict[str, frozenset[int]]) -> frozenset[int]:
    found = lexicon.exact.get(word, _NOTHING)
    if word[:PREFIX_MIN_CHARS] in lexicon.openings:
        for end in range(PREFIX_MIN_CHARS, min(len(word), PREFIX_MAX_CHARS) + 1):
            if (more := lexicon.prefixes.get(word[:end])) is not None:
                found |= more
    known[word] = found
    return found


def _glued_in(lexicon: Lexicon, sentence: Sentence) -> Phrase | None:
    for word in sentence.words:
        if (phrase := lexicon.glued.get(word)) is not None:
            return phrase
    for run in sentence.spelt:
        for glued, phrase in lexicon.glued.items():
            if glued in run:
                return phrase
    return None
