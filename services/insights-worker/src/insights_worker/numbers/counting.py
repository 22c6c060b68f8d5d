"""All numbers of a report."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from contracts.reports import ReportDay, ReportNumbers
from insights_worker.numbers.estimates import mean_of, trend_of
from insights_worker.numbers.readings import Reading, daily_means
from insights_worker.numbers.streaks import current, longest, streaks_of
from insights_worker.numbers.weeks import labels_by_week


def numbers_of(readings: Sequence[Reading], first_day: date, last_day: date, today: date) -> ReportNumbers:
    """Of the days from `first_day` to `last_day`, as far as they have begun. `today` is the report's time zone's."""
    # Clocks of phones are wrong: what they have written has begun.
    newest = max((reading.day for reading in readings), default=first_day)
    last_begun = min(last_day, max(first_day, today, newest))
    days = (last_begun - first_day).days + 1
    states = Counter(reading.state for reading in readings)
    valence = daily_means(readings, lambda reading: reading.valence)
    trend = trend_of(valence)
    streaks = streaks_of([reading.day for reading in readings])
    by_day = _by_day(readings)
    return ReportNumbers(
        entries=len(readings),
        days=days,
        days_written=len(by_day),
        entries_per_day=len(readings) / days,
        moods=states["done"],
        pending=states["pending"],
        failed=states["failed"],
        abstained=states["abstained"],
        valence=mean_of(valence, least=-1.0, most=1.0),
        arousal=mean_of(daily_means(readings, lambda reading: reading.arousal), least=0.0, most=1.0),
        own_valence=mean_of(daily_means(readings, lambda reading: reading.own_valence), least=-1.0, most=1.0),
        trend=trend,
        trend_missing=None if trend else "too_few_days",
        longest_streak=longest(streaks),
        current_streak=current(streaks, last_begun, is_over=last_begun < today),
        by_day=by_day,
        labels_by_week=labels_by_week(readings),
    )


def _by_day(readings: Sequence[Reading]) -> tuple[ReportDay, ...]:
    days: dict[date, list[Reading]] = defaultdict(list)
    for reading in readings:
        days[reading.day].append(reading)
    return tuple(ReportDay(day=day, entries=len(days[day]), valence=_mean_valence(days[day])) for day in sorted(days))


def _mean_valence(readings: Sequence[Reading]) -> float | None:
    values = [reading.valence for reading in readings if reading.valence is not None]
    return sum(values) / len(values) if values else None
