"""Which days a question speaks of: "last week", "im März", "summer 2024". English and German, by rules alone.

A model's guess would be right more often and wrong in ways that nobody sees. These rules know few expressions, and what
they understood is told with the answer. What two readers would date differently (`3/5/2024`, "on my birthday", "at
Easter") is left alone, as if it were not there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.ask import period_words as words
from gateway.ask.period_days import Days, Resolve
from gateway.ask.period_rules import RULES


@dataclass(frozen=True)
class Period:
    """Days from `first` on, up to and without `end`. None stands for no bound."""

    first: date | None
    end: date | None


def period_in(question: str, today: date) -> Period | None:
    """From the first to the last day of all that the question names; None where it names none that is understood."""
    left = question.casefold()
    found: list[Period] = []
    for pattern, resolve in RULES:
        for match in list(pattern.finditer(left)):
            days = _resolved(resolve, match, today)
            if days is not None:
                found.append(_bounded(left[: _start_of(match)], days))
            # Blanked out, so that no later rule reads a part of it: there is no April the 31st, but there is an April.
            left = left[: match.start()] + "\0" * (match.end() - match.start()) + left[match.end() :]
    return _hull(found) if found else None


def _resolved(resolve: Resolve, match: re.Match[str], today: date) -> Days | None:
    try:
        return resolve(match, today)
    except (ValueError, OverflowError):  # The 30th of February; nine thousand years ago.
        return None


def _start_of(match: re.Match[str]) -> int:
    """Where the name begins, behind the words that lead to it."""
    return match.start("at") if "at" in match.re.groupindex else match.start()


def _bounded(before: str, days: Days) -> Period:
    first, end = days
    for pattern, period in (
        (_SINCE, Period(first, None)),
        (_AFTER, Period(end, None)),
        (_BEFORE, Period(None, first)),
        (_UNTIL, Period(None, end)),
    ):
        if pattern.search(before):
            return period
    return Period(first, end)


def _hull(periods: Sequence[Period]) -> Period:
    """What one of them leaves open is bounded by the others: "from Monday until Friday"."""
    firsts = [period.first for period in periods if period.first is not None]
    ends = [period.end for period in periods if period.end is not None]
    whole = Period(min(firsts, default=None), max(ends, default=None))
    if whole.first is not None and whole.end is not None and whole.first >= whole.end:
        return Period(whole.first, None)
    return whole


_SINCE, _AFTER, _BEFORE, _UNTIL = (
    re.compile(rf"\b(?:{lead})\s+(?:(?:{words.ARTICLES})\s+)?$")
    for lead in (words.SINCE, words.AFTER, words.BEFORE, words.UNTIL)
)
