"""Numbers in what a model wrote that stand nowhere in what it was shown.

Digits of any script, and words for two to twenty and for round tens in the languages that are known. `1` and its words,
which are articles, are no news; ordinals, `both` and `half` are not looked at.
"""

import re
import unicodedata
from collections.abc import Sequence

from insights_worker.languages import Language, language_of, languages, likely_languages

#: Also with decimals and thousands, as a date, as a time of day.
_DIGITS = re.compile(r"\d+(?:[.,:/'\u2019-]\d+)*")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'\u2019]\d{3})+")
_NO_DIGIT = re.compile(r"\D+")
#: `twenty-five` is one.
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TENS_MIN = 20


def invented_numbers(text: str, read: Sequence[str]) -> set[str]:
    """Those of `text` that nothing in `read` has, however it is written there."""
    text, everything = _plain(text), _plain("\n".join(read))
    known = {"1"} | _said_in_words(everything, [_all_words(language) for language in languages()])
    for written in _DIGITS.findall(everything):
        known |= _forms(written) | _parts(written)
    told = language_of(text) or language_of(everything)
    said = _said_in_words(text, [each.numbers for each in ([told] if told else likely_languages(text))])
    written = {one for one in _DIGITS.findall(text) if not _forms(one) & known and not _all_known(one, known)}
    return written | (said - known)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _forms(written: str) -> set[str]:
    """How else the same number may be written: `1,000` is 1000, and `7,50` is 7.50."""
    parts = _split(written)
    forms = {".".join(parts) if _DECIMAL.fullmatch(written) else "-".join(parts)}
    if _THOUSANDS.fullmatch(written):
        forms.add(str(int("".join(_NO_DIGIT.split(written)))))
    return forms


def _parts(written: str) -> set[str]:
    """Of a date or a time its parts are numbers too; those of a decimal are none."""
    return set() if _DECIMAL.fullmatch(written) else set(_split(written))


def _all_known(written: str, known: set[str]) -> bool:
    parts = _parts(written)
    return bool(parts) and parts <= known


def _split(written: str) -> list[str]:
    return [str(int(part)) for part in _NO_DIGIT.split(written)]


def _said_in_words(text: str, tables: Sequence[dict[str, int]]) -> set[str]:
    found: set[int] = set()
    for match in _WORDS.finditer(text):
        parts = match[0].split("-")
        for table in tables:
            values = [table[part] for part in parts if part in table]
            found |= {_together(values)} if len(values) == len(parts) else set(values)
    return {str(value) for value in found}


def _together(values: Sequence[int]) -> int:
    """`twenty-five` is 25, `soixante-dix` 70, and `dix-sept` 17; of anything else, the first."""
    first, *rest = values
    is_sum = len(rest) == 1 and first % 10 == 0 and rest[0] < (_TENS_MIN if first >= _TENS_MIN else 10)
    return first + rest[0] if is_sum else first


def _all_words(language: Language) -> dict[str, int]:
    return language.numbers | language.numbers_or_not
