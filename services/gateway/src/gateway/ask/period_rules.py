"""How times are written in a question, the most exact first; `period_days` says which days each is."""

import re
from collections.abc import Iterator, Mapping, Sequence

from gateway.ask import period_days as days
from gateway.ask import period_words as words
from gateway.ask.period_days import Resolve

Rule = tuple[re.Pattern[str], Resolve]


def _one_of(names: Mapping[int, Sequence[str]] | Mapping[str, Sequence[str]], *, without: Sequence[str] = ()) -> str:
    told = (name for group in names.values() for name in group if name not in without)
    return "|".join(sorted(told, key=len, reverse=True))


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
_TOLD_YEAR = rf"{_YEAR}|(?:{words.LAST}|{words.THIS})\s+(?:{words.YEAR})"
_DAY = r"(?P<day>\d{1,2})"
_VERB_MONTH, _NAME_MONTH = "|".join(words.VERB_MONTHS), _one_of(words.MONTHS, without=words.VERB_MONTHS)
_PART_UNIT = _one_of(words.UNITS, without=words.UNITS["year"])
_TO = rf"\s*(?:{words.TO})\s*"
_NONE = r"(?!)"
_IN = rf"(?:{words.LEADS})[\s-]+(?:(?:{words.ARTICLES})\s+)?"


def _rules() -> Iterator[Rule]:
    """The most exact first."""
    last = rf"(?P<last>{words.LAST})\s+"
    plain = rf"(?P<last>{_NONE})?"
    of_year = rf"(?:,?\s+(?:(?:{words.PART_OF})\s+)?(?:(?:{words.YEAR})\s+)?(?P<year>{_TOLD_YEAR})(?![\w-]))"
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
    # The last week of the holidays is none of the calendar's.
    whole = rf"(?!\s+(?:{words.OF})\b)"
    first_or_last = (
        rf"(?:(?P<first>{words.PART_FIRST})|{words.PART_LAST})\s+(?:(?P<number>{_NUMBER})\s+|(?:{words.FEW})\s+)?"
    )
    part = rf"{first_or_last}(?:(?P<part>{_PART_UNIT})|(?P<weekend>{words.WEEKEND})|(?P<weekday>{_WEEKDAY}))"
    part_of = rf"{part}\s+(?:{words.PART_OF})\s+(?:(?:{words.ARTICLES})\s+)?"
    compound = rf"{first_or_last}(?P<month>{_MONTH})s?-?(?:(?P<part>{_PART_UNIT})|wochenende|(?P<weekday>{_NONE}))"
    for expression, resolve in (
        (rf"(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)", days.of_date),
        (rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>{_YEAR})?", days.of_day),
        (rf"{_DAY}(?:(?:st|nd|rd|th|\.)\s+(?:of\s+)?|\s+of\s+)(?P<month>{_MONTH})\b{of_year}?", days.of_day),
        (rf"(?P<month>{_MONTH})\s+{_DAY}(?:st|nd|rd|th)\b{of_year}?", days.of_day),
        (rf"{_DAY}\s+(?P<month>{_NAME_MONTH})\b{of_year}?", days.of_day),
        (rf"(?P<month>{_NAME_MONTH})\s+{_DAY}\b{of_year}?", days.of_day),
        *_days_of_verb_months(of_year, clause_ends, joined, joining),
        (rf"{plain}{part_of}(?P<month>{_MONTH})s?\b{of_year}?", days.part_of(days.of_month)),
        (rf"{plain}{compound}\b{of_year}?", days.part_of(days.of_month)),
        (rf"{plain}{part_of}(?P<season>{_SEASON})s?\b{of_year}?", days.part_of(days.of_season)),
        (rf"{part_of}(?:(?:{words.YEAR})\s+)?(?P<year>{_TOLD_YEAR})", days.part_of(days.of_year)),
        (rf"{part_of}(?:{words.LAST})\s+(?P<unit>month|monats)", days.part_of(days.last_unit)),
        (rf"{part_of}(?:{words.THIS})\s+(?P<unit>month|monats)", days.part_of(days.this_unit)),
        (rf"{plain}(?P<year>{_TOLD_YEAR})\s+(?:in|im)\s+(?P<month>{_MONTH})", days.of_month),
        (rf"{plain}(?P<year>{_TOLD_YEAR})\s+(?:in|im)\s+(?:the\s+)?(?P<season>{_SEASON})", days.of_season),
        (rf"{plain}(?P<from>{_MONTH}){_TO}(?P<month>{_MONTH})\b{of_year}?", days.of_months),
        (rf"{plain}(?P<from>{_WEEKDAY}){_TO}(?P<weekday>{_WEEKDAY})", days.of_weekdays),
        (rf"{plain}(?P<month>{_MONTH}){of_year}", days.of_month),
        (rf"{plain}(?P<season>{_SEASON}){of_year}", days.of_season),
        (words.BEFORE_YESTERDAY, days.one_day(2)),
        (words.YESTERDAY, days.one_day(1)),
        (words.TODAY, days.one_day(0)),
        (rf"(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})\s+{words.AGO}", days.ago),
        (rf"{words.VOR}\s+(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})", days.ago),
        (rf"(?:{words.LAST}|{words.PAST})\s+(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT}){whole}", days.last_few),
        (rf"{words.PAST}\s+(?P<number>{_NONE})?(?P<unit>{single})", days.last_few),
        (rf"(?:{words.LAST})\s+(?P<unit>{single}){whole}", days.last_unit),
        (rf"(?:{words.THIS})\s+(?P<unit>{single}){whole}", days.this_unit),
        (rf"{led}(?:{words.WEEKEND}){whole}", days.of_weekend),
        (rf"{led}(?P<weekday>{_WEEKDAY}){whole}", days.of_weekday),
        (rf"{led}(?P<month>{_SURE_MONTH}){no_year}", days.of_month),
        (rf"{month_led}(?P<month>{_VAGUE_MONTH}){no_year}", days.of_month),
        (rf"{plain}(?:{words.THIS})\s+(?P<at>)(?P<month>{_VAGUE_MONTH}){clause_ends}{no_year}", days.of_month),
        (rf"{led}(?P<season>{_SURE_SEASON}){no_year}", days.of_season),
        (rf"{season_led}(?P<season>{_VAGUE_SEASON}){no_year}", days.of_season),
        # The filters would leave out what lies in a vague name's time, were it taken for none beside another time.
        (rf"{plain}{joined}(?P<month>{_VAGUE_MONTH}){no_year}", days.of_month),
        (rf"{plain}(?P<month>{_VAGUE_MONTH}){joining}{no_year}", days.of_month),
        (rf"{plain}{joined}(?P<season>{_VAGUE_SEASON}){no_year}", days.of_season),
        (rf"{plain}(?P<season>{_VAGUE_SEASON}){joining}{no_year}", days.of_season),
        (rf"(?:{_IN}|(?:year|jahr)\s+)(?P<at>)(?P<year>{_YEAR})", days.of_year),
    ):
        yield re.compile(rf"(?<![\w.-])(?:{expression})(?![\w-])"), resolve


def _days_of_verb_months(of_year: str, clause_ends: str, joined: str, joining: str) -> Iterator[tuple[str, Resolve]]:
    """Taken for days only where a year, a word that leads to a time, another time or the end of the clause tells."""
    no_year = rf"(?P<year>{_NONE})?"
    for day in (rf"{_DAY}\s+(?P<month>{_VERB_MONTH})", rf"(?P<month>{_VERB_MONTH})\s+{_DAY}"):
        yield rf"{day}{of_year}", days.of_day
        yield rf"(?:{words.VERB_MONTH_DAY_LEADS})\s+(?P<at>){day}{no_year}", days.of_day
        yield rf"{day}{clause_ends}{no_year}", days.of_day
        yield rf"{joined}{day}{no_year}", days.of_day
        yield rf"{day}{joining}{no_year}", days.of_day


RULES: tuple[Rule, ...] = tuple(_rules())
