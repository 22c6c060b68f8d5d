"""The days that a match of one of the rules names, as seen from today. Its groups are the words in it."""

import re
from calendar import isleap
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import count

from gateway.ask import period_words as words
from gateway.domain.buckets import bucket_of, moved

#: From the first on, without the last.
Days = tuple[date, date]
#: Raises: ValueError or OverflowError where there are no such days, the 30th of February.
Resolve = Callable[[re.Match[str], date], Days | None]

_DAY = timedelta(days=1)
_LEAP_YEAR = 2024
_LEAP_DAY = (2, 29)
_FIRST_DAY = date(1000, 1, 1)
_SPAN_MAX = 999
_SATURDAY = 5
_WEEKDAYS = dict(enumerate(words.WEEKDAYS))


def one_day(steps: int) -> Callable[[re.Match[str], date], Days]:
    return lambda _match, today: _unit_days("day", today, steps)


def of_date(match: re.Match[str], today: date) -> Days:
    first = date(_year(match, today), int(match["month"]), int(match["day"]))
    return first, first + _DAY


def of_day(match: re.Match[str], today: date) -> Days:
    """Without a year, the last one that was."""
    name = match["month"]
    month = int(name) if name.isdecimal() else _key_of(words.MONTHS, name)
    day = int(match["day"])
    if match["year"]:
        first = date(_year(match, today), month, day)
    else:
        date(_LEAP_YEAR, month, day)  # Raises where no year has such a day.
        years = (year for year in count(today.year, -1) if (month, day) != _LEAP_DAY or isleap(year))
        first = next(then for year in years if (then := date(year, month, day)) <= today)
    return first, first + _DAY


def of_month(match: re.Match[str], today: date) -> Days:
    month = _key_of(words.MONTHS, match["month"])
    if match["year"]:
        return _month_days(_year(match, today), month)
    over = match["last"] is not None
    year = today.year if month < today.month or (month == today.month and not over) else today.year - 1
    return _month_days(year, month)


def of_season(match: re.Match[str], today: date) -> Days:
    """That of the year that it begins in; without a year, the last one that has begun, or that is over."""
    month = _key_of(words.SEASONS, match["season"])
    if match["year"]:
        first = date(_year(match, today), month, 1)
        return first, moved(first, "month", 3)
    for year in (today.year, today.year - 1, today.year - 2):
        first = date(year, month, 1)
        end = moved(first, "month", 3)
        if first <= today and (end <= today or match["last"] is None):
            return first, end
    raise AssertionError("of two years ago each season is over")


def of_weekday(match: re.Match[str], today: date) -> Days:
    """The last one: today counts, unless it is `last`."""
    back = (today.weekday() - _key_of(_WEEKDAYS, match["weekday"])) % 7
    first = today - (7 if back == 0 and match["last"] else back) * _DAY
    return first, first + _DAY


def of_months(match: re.Match[str], today: date) -> Days:
    """From one month to the other, which is the last one that was where no year is given."""
    first, end = of_month(match, today)
    month = _key_of(words.MONTHS, match["from"])
    return date(first.year - (month > first.month), month, 1), end


def of_weekdays(match: re.Match[str], today: date) -> Days:
    last, end = of_weekday(match, today)
    return last - (last.weekday() - _key_of(_WEEKDAYS, match["from"])) % 7 * _DAY, end


def of_weekend(match: re.Match[str], today: date) -> Days:
    """Saturday and Sunday: of this week where it has begun and is not `last`, else of the one before."""
    saturday = bucket_of(today, "week") + 5 * _DAY
    if match["last"] or saturday > today:
        saturday -= 7 * _DAY
    return saturday, saturday + 2 * _DAY


def ago(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, min(_number(match["number"]), _SPAN_MAX))


def last_few(match: re.Match[str], today: date) -> Days:
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


def last_unit(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, 1)


def this_unit(match: re.Match[str], today: date) -> Days:
    return _unit_days(_unit(match["unit"]), today, 0)


def of_year(match: re.Match[str], today: date) -> Days:
    year = _year(match, today)
    return date(year, 1, 1), date(year + 1, 1, 1)


def part_of(whole: Resolve) -> Resolve:
    """The first or last day, weekday, weekend, week or month of a longer time. Its weeks are any seven days."""

    def resolve(match: re.Match[str], today: date) -> Days | None:
        found = whole(match, today)
        if found is None:
            return None
        return (_first_or_last_few if match["part"] else _weekend_or_weekday)(match, *found)

    return resolve


def _weekend_or_weekday(match: re.Match[str], first: date, end: date) -> Days:
    """The first or the last that begins from `first` on and before `end`."""
    weekday = _key_of(_WEEKDAYS, match["weekday"]) if match["weekday"] else _SATURDAY
    if match["first"]:
        begin = first + (weekday - first.weekday()) % 7 * _DAY
    else:
        begin = end - ((end.weekday() - weekday - 1) % 7 + 1) * _DAY
    return begin, begin + (1 if match["weekday"] else 2) * _DAY


def _first_or_last_few(match: re.Match[str], first: date, end: date) -> Days:
    """All where nobody says how many: "the last days of March"."""
    if match["number"] is None and match["part"] not in words.SINGLE_UNITS:
        return first, end
    number = _number(match["number"]) if match["number"] else 1
    match _unit(match["part"]):
        case "month":
            until, since = moved(first, "month", number), moved(end, "month", -number)
        case unit:
            span = number * (7 if unit == "week" else 1) * _DAY
            until, since = first + span, end - span
    return (first, min(end, until)) if match["first"] else (max(first, since), end)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _key_of(words.NUMBERS, word)


def _unit(word: str) -> str:
    return next(unit for unit, group in words.UNITS.items() if word in group)


def _year(match: re.Match[str], today: date) -> int:
    """As a number, or told from today: "last year"."""
    told = match["year"]
    if told.isdecimal():
        return int(told)
    return today.year if re.match(words.THIS, told) else today.year - 1


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


def _key_of(names: Mapping[int, Sequence[str]], word: str) -> int:
    return next(key for key, group in names.items() if word in group)
