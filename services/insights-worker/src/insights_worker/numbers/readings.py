"""Moods as they are computed with: each on its day in the report's time zone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.enrichments import MoodLabel
from contracts.moods import EntryMood, MoodState


@dataclass(frozen=True)
class Reading:
    entry_id: UUID
    revision: int
    day: date
    state: MoodState
    label: MoodLabel | None
    valence: float | None
    arousal: float | None
    own_valence: float | None


def reading_of(mood: EntryMood, zone: ZoneInfo) -> Reading:
    inferred, own = mood.inferred, mood.own
    return Reading(
        entry_id=mood.entry_id,
        revision=mood.revision,
        day=mood.written_at.astimezone(zone).date(),
        state=mood.state,
        label=inferred.label if inferred else None,
        valence=inferred.valence if inferred else None,
        arousal=inferred.arousal if inferred else None,
        own_valence=own.valence if own else None,
    )


@dataclass(frozen=True)
class DailyMeans:
    """Of days that have a value, in order."""

    days: tuple[date, ...]
    means: tuple[float, ...]
    #: How many values there are in all.
    n: int


def daily_means(readings: Iterable[Reading], value: Callable[[Reading], float | None]) -> DailyMeans:
    values: dict[date, list[float]] = defaultdict(list)
    for reading in readings:
        found = value(reading)
        if found is not None:
            values[reading.day].append(found)
    days = sorted(values)
    return DailyMeans(
        tuple(days), tuple(_mean(values[day]) for day in days), sum(len(found) for found in values.values())
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
