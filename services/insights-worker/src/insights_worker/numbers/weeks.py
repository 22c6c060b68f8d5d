"""Which moods there were in each week."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from contracts.enrichments import MoodLabel
from contracts.reports import WeekLabels
from insights_worker.numbers.readings import Reading


def labels_by_week(readings: Iterable[Reading]) -> tuple[WeekLabels, ...]:
    """In order; a week begins on Monday. The most frequent label comes first."""
    weeks: dict[date, Counter[MoodLabel]] = defaultdict(Counter)
    for reading in readings:
        if reading.label is not None:
            weeks[reading.day - timedelta(days=reading.day.weekday())][reading.label] += 1
    return tuple(WeekLabels(first_day=week, labels=dict(weeks[week].most_common())) for week in sorted(weeks))
