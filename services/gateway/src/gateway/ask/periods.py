"""Which days a question speaks of: "last week", "im März", "summer 2024". English and German, by rules alone.

A model's guess would be right more often and wrong in ways that nobody sees. These rules know few expressions, and what
they understood is told with the answer. What two readers would date differently (`3/5/2024`, "on my birthday", "at
Easter") is left alone, as if it were not there.
"""

import re
from calendar import isleap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from gateway.ask import period_words as words
from gateway.domain.buckets import bucket_of, moved

_DAY = timedelta(days=1)
_LEAP_YEAR = 2024
_LEAP_DAY = (2, 29)
_FIRST_DAY = date(1000, 1, 1)
_SPAN_MAX = 999


@dataclass(frozen=True)
class Period:
    """Days from `first` on, up to and without `end`. None stands for no bound."""

    first: date | None
    end: date | None


Days = tuple[date, date]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date], Days | None]]


def period_in(question: str, today: date) -> Period | None:
    """From the first to the last day of all that the question names; None where it names none that is understood."""
    left = question.casefold()
    found: list[Period] = []
    for pattern, resolve in _RULES:
        for match in list(pattern.finditer(left)):
            days = _resolved(resolve, match, today)
            if days is not None:
                found.append(_bounded(left[: _start_of(match)], days))
            # Blanked out, so that no later rule reads a part of it: there is no April the 31st, but there is an April.
            left = left[: match.start()] + "\0" * (match.end() - match.start()) + left[match.end() :]
    return _hull(found) if found else None


def _resolved(resolve: Callable[[re.Match[str], date], Days | None], match: re.Match[str], today: date) -> Days | None:
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


def _one_of(names: Mapping[int, Sequence[str]] | Mapping[str, Sequence[str]], *, without: Sequence[str] = ()) -> str:
    told = (name for group in names.values() for name in group if name not in without)
    return "|".join(sorted(told, key=len, reverse=True))


def _key_of(names: Mapping[int, Sequence[str]], word: str) -> int:
    return next(key for key, group in names.items() if word in group)


_WEEKDAY_NAMES = dict(enumerate(words.WEEKDAYS))
_MONTH = _one_of(words.MONTHS)
_WEEKDAY = _one_of(_WEEKDAY_NAMES)
_SEASON = _one_of(words.SEASONS)
_VAGUE_MONTH, _VAGUE_SEASON = "|".join(words.VAGUE_MONTHS), "|".join(words.VAGUE_SEASONS)
_SURE_MONTH = _one_of(words.MONTHS, without=words.VAGUE_MONTHS)
_SURE_SEASON = _one_of(words.SEASONS, without=words.VAGUE_SEASONS)
_UNIT = _one_of(words.UNITS)
_NUMBER = rf"\d{{1,3}}|{_one_of(words.NUMBERS)}"
_YEAR = r"(?:19|20)\d\d"
_ORDINAL = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_TO = rf"\s*(?:{words.TO})\s*"
_NONE = r"(?!)"
_IN = rf"(?:{words.LEADS})[\s-]+(?:(?:{words.ARTICLES})\s+)?"
_SINCE, _AFTER, _BEFORE, _UNTIL = (
    re.compile(rf"\b(?:{lead})\s+(?:(?:{words.ARTICLES})\s+)?$")
    for lead in (words.SINCE, words.AFTER, words.BEFORE, words.UNTIL)
)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _key_of(words.NUMBERS, word)


def _unit(word: str) -> str:
    return next(unit for unit, group in words.UNITS.items() if word in group)


def _month_days(year: int, month: int) -> Days:
    first = date(year, month, 1)
    return first, moved(first, "month", 1)


def _unit_days(unit: str, today: date, steps: int) -> Days:
    """The day, week, month or year so many before that of today."""
    match unit:
        case "day":
            first = today - steps * _DAY
            return first, first + _DAY
        case "week":
            first = moved(bucket_of(today, "week"), "week", -steps)
            return first, first + 7 * _DAY
        case "month":
            first = moved(bucket_of(today, "month"), "month", -steps)
            return first, moved(first, "month", 1)
        case _:
            return date(today.year - steps, 1, 1), date(today.year - steps + 1, 1, 1)


def _single(steps: int) -> Callable[[re.Match[str], date], Days]:
    return lambda _match, today: _unit_days("day", today, steps)


def _exact(match: re.Match[str], _today: date) -> Days:
    first = date(int(match["year"]), int(match["month"]), int(match["day"]))
    return first, first + _DAY


def _day_of_month(match: re.Match[str], today: date) -> Days:
    """Without a year, the last one that was."""
    name = match["month"]
    month = int(name) if name.isdecimal() else _key_of(words.MONTHS, name)
    day = int(match["day"])
    if match["year"]:
        first = date(int(match["year"]), month, day)
    else:
        date(_LEAP_YEAR, month, day)  # Raises where no year has such a day.
        years = (year for year in count(today.year, -1) if (month, day) != _LEAP_DAY or isleap(year))
        first = next(then for year in years if (then := date(year, month, day)) <= today)
    return first, first + _DAY


def _month(match: re.Match[str], today: date) -> Days:
    month = _key_of(words.MONTHS, match["month"])
    if match["year"]:
        return _month_days(int(match["year"]), month)
    over = match["last"] is not None
    year = today.year if month < today.month or (month == today.month and not over) else today.year - 1
    return _month_days(year, month)


def _season(match: re.Match[str], today: date) -> Days:
    """That of the year that it begins in; without a year, the last one that has begun, or that is over."""
    month = _key_of(words.SEASONS, match["season"])
    if match["year"]:
        first = date(int(match["year"]), month, 1)
        return first, moved(first, "month", 3)
    for year in (today.year, today.year - 1, today.year - 2):
        first = date(year, month, 1)
        end = moved(first, "month", 3)
        if first <= today and (end <= today or match["last"] is None):
            return first, end
    raise AssertionError("of two years ago each season is over")


def _weekday(match: re.Match[str], today: date) -> Days:
    """The last one: today counts, unless it is `last`."""
    back = (today.weekday() - _key_of(_WEEKDAY_NAMES, match["weekday"])) % 7
    first = today - (7 if back == 0 and match["last"] else back) * _DAY
    return first, first + _DAY


def _months(match: re.Match[str], today: date) -> Days:
    """From one month to the other, which is the last one that was where no year is given."""
    first, end = _month(match, today)
    month = _key_of(words.MONTHS, match["from"])
    return date(first.year - (month > first.month), month, 1), end


def _weekdays(match: re.Match[str], today: date) -> Days:
    last, end = _weekday(match, today)
    return last - (last.weekday() - _key_of(_WEEKDAY_NAMES, match["from"])) % 7 * _DAY, end


def _weekend(match: re.Match[str], today: date) -> Days:
    """Saturday and Sunday: of this week where it has begun and is not `last`, else of the one before."""
    saturday = bucket_of(today, "week") + 5 * _DAY
    if match["last"] or saturday > today:
        saturday -= 7 * _DAY
    return saturday, saturday + 2 * _DAY


def _ago(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, min(_number(match["number"]), _SPAN_MAX))


def _last_few(match: re.Match[str], today: date) -> Days:
    """So many days, weeks, months or years up to today, today included."""
    number = _number(match["number"]) if match["number"] else 1
    end = today + _DAY
    match _unit(match["unit"]):
        case "day":
            return end - number * _DAY, end
        case "week":
            return end - 7 * number * _DAY, end
        case unit:
            month = moved(bucket_of(today, "month"), "month", -number * (12 if unit == "year" else 1))
            last = moved(month, "month", 1) - _DAY
            return max(_FIRST_DAY, month.replace(day=min(today.day, last.day))), end


def _last_unit(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, 1)


def _this_unit(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, 0)


def _year(match: re.Match[str], _today: date) -> Days:
    year = int(match["year"])
    return date(year, 1, 1), date(year + 1, 1, 1)


def _rules() -> Iterator[Rule]:
    """The most exact first."""
    last = rf"(?P<last>{words.LAST})\s+"
    plain = rf"(?P<last>{_NONE})?"
    of_year = rf"(?:,?\s+(?:of\s+)?(?P<year>{_YEAR}))"
    no_year = rf"(?P<year>{_NONE})?"
    # What a name alone would not tell: that it is one.
    led = rf"(?:{last}|(?:{words.THIS})\s+|{_IN})(?P<at>)"
    month_led = rf"(?:{last}|(?:{words.VAGUE_MONTH_LEADS})[\s-]+)(?P<at>)"
    season_led = rf"(?:(?P<last>{words.VAGUE_SEASON_LAST})\s+|(?:{words.VAGUE_SEASON_LEADS})[\s-]+)(?P<at>)"
    # "This may help" goes on, "this May" often does not.
    clause_ends = r"(?=\s*(?:$|[,.;:!?]))"
    # Blanked out: another time, which was understood.
    joined = rf"\0{_TO}(?P<at>)"
    joining = rf"(?={_TO}\0)"
    single = "week|woche|month|monats|monat|year|jahr"
    for expression, resolve in (
        (rf"(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)", _exact),
        (rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>{_YEAR})?", _day_of_month),
        (rf"{_ORDINAL}\s+(?:of\s+)?(?P<month>{_MONTH})\b{of_year}?", _day_of_month),
        (rf"(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{of_year}?", _day_of_month),
        (rf"{plain}(?P<from>{_MONTH}){_TO}(?P<month>{_MONTH})\b{of_year}?", _months),
        (rf"{plain}(?P<from>{_WEEKDAY}){_TO}(?P<weekday>{_WEEKDAY})", _weekdays),
        (words.BEFORE_YESTERDAY, _single(2)),
        (words.YESTERDAY, _single(1)),
        (words.TODAY, _single(0)),
        (rf"(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})\s+{words.AGO}", _ago),
        (rf"{words.VOR}\s+(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})", _ago),
        (rf"(?:{words.LAST}|{words.PAST})\s+(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})", _last_few),
        (rf"{words.PAST}\s+(?P<number>{_NONE})?(?P<unit>{single})", _last_few),
        (rf"(?:{words.LAST})\s+(?P<unit>{single})", _last_unit),
        (rf"(?:{words.THIS})\s+(?P<unit>{single})", _this_unit),
        (rf"{led}(?:{words.WEEKEND})", _weekend),
        (rf"{led}(?P<weekday>{_WEEKDAY})", _weekday),
        (rf"{plain}(?P<month>{_MONTH}){of_year}", _month),
        (rf"{led}(?P<month>{_SURE_MONTH}){no_year}", _month),
        (rf"{month_led}(?P<month>{_VAGUE_MONTH}){no_year}", _month),
        (rf"{plain}(?:{words.THIS})\s+(?P<at>)(?P<month>{_VAGUE_MONTH}){clause_ends}{no_year}", _month),
        (rf"{plain}(?P<season>{_SEASON}){of_year}", _season),
        (rf"{led}(?P<season>{_SURE_SEASON}){no_year}", _season),
        (rf"{season_led}(?P<season>{_VAGUE_SEASON}){no_year}", _season),
        # The filters would leave out what lies in a vague name's time, were it taken for none beside another time.
        (rf"{plain}{joined}(?P<month>{_VAGUE_MONTH}){no_year}", _month),
        (rf"{plain}(?P<month>{_VAGUE_MONTH}){joining}{no_year}", _month),
        (rf"{plain}{joined}(?P<season>{_VAGUE_SEASON}){no_year}", _season),
        (rf"{plain}(?P<season>{_VAGUE_SEASON}){joining}{no_year}", _season),
        (rf"(?:{_IN}|(?:year|jahr)\s+)(?P<at>)(?P<year>{_YEAR})", _year),
    ):
        yield re.compile(rf"(?<![\w.-])(?:{expression})(?![\w-])"), resolve


_RULES: tuple[Rule, ...] = tuple(_rules())
