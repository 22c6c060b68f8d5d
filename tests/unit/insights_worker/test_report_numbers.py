"""Every number of a report against the plainest way to compute it."""

import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.moods import EntryMood
from insights_worker.numbers.counting import numbers_of
from insights_worker.numbers.readings import Reading, reading_of
from insights_worker.numbers.regression import fit_mean, fit_slope, kept_from_before
from insights_worker.numbers.streaks import current, longest, streaks_of
from insights_worker.numbers.student import t_95

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)


def reading(day, *, state="done", label="calm", valence=0.0, arousal=0.5, own=None):
    done = state == "done"
    return Reading(
        entry_id=uuid4(),
        revision=1,
        day=day,
        state=state,
        label=label if done else None,
        valence=valence if done else None,
        arousal=arousal if done else None,
        own_valence=own,
    )


readings = st.lists(
    st.builds(
        reading,
        st.integers(0, 59).map(lambda n: FIRST + n * DAY),
        state=st.sampled_from(["done", "done", "done", "pending", "failed", "abstained"]),
        label=st.sampled_from(["calm", "sad", "joyful"]),
        valence=st.floats(-1, 1),
        arousal=st.floats(0, 1),
        own=st.none() | st.floats(-1, 1),
    ),
    max_size=80,
)


@given(readings)
def test_counts_are_those_of_counting(found):
    numbers = numbers_of(found, FIRST, FIRST + 59 * DAY, FIRST + 59 * DAY)
    states = Counter(one.state for one in found)
    assert (numbers.entries, numbers.days) == (len(found), 60)
    assert numbers.days_written == len({one.day for one in found})
    assert numbers.entries_per_day == len(found) / 60
    assert [numbers.moods, numbers.pending, numbers.failed, numbers.abstained] == [
        states[state] for state in ("done", "pending", "failed", "abstained")
    ]
    assert sum(day.entries for day in numbers.by_day) == len(found)
    weeks = defaultdict(Counter)
    for one in found:
        if one.label:
            year, week, _ = one.day.isocalendar()
            weeks[date.fromisocalendar(year, week, 1)][one.label] += 1
    assert {week.first_day: week.labels for week in numbers.labels_by_week} == weeks


@given(readings)
def test_a_mean_is_the_mean_of_days_and_lies_within_its_interval(found):
    numbers = numbers_of(found, FIRST, FIRST + 59 * DAY, FIRST + 59 * DAY)
    days = defaultdict(list)
    for one in found:
        if one.valence is not None:
            days[one.day].append(one.valence)
    if not days:
        assert numbers.valence is None
        return
    means = [sum(values) / len(values) for values in days.values()]
    assert numbers.valence.mean == pytest.approx(sum(means) / len(means), abs=1e-9)
    assert (numbers.valence.n, numbers.valence.days) == (sum(map(len, days.values())), len(days))
    if len(days) < 5:
        assert numbers.valence.low is None
    else:
        assert -1 <= numbers.valence.low <= numbers.valence.mean + 1e-9
        assert numbers.valence.mean - 1e-9 <= numbers.valence.high <= 1
    assert (numbers.trend is None) == (len(days) < 10) == (numbers.trend_missing == "too_few_days")


series = st.lists(st.tuples(st.integers(1, 4), st.floats(-1, 1)), min_size=10, max_size=60).map(
    lambda steps: (list(np.cumsum([gap for gap, _ in steps])), [value for _, value in steps])
)


@given(series)
def test_a_slope_is_that_of_least_squares_and_its_error_that_of_the_formula(found):
    days, values = found
    slope = fit_slope(days, values)
    n = len(days)
    middle, mean = sum(days) / n, sum(values) / n
    square = sum((day - middle) ** 2 for day in days)
    plain = sum((day - middle) * (value - mean) for day, value in zip(days, values, strict=True)) / square
    assert slope.value == pytest.approx(plain, abs=1e-9)
    left = [value - mean - plain * (day - middle) for day, value in zip(days, values, strict=True)]
    kept = kept_from_before(np.array(left))
    error = math.sqrt(sum(one * one for one in left) / (n - 2) / square * (1 + kept) / (1 - kept))
    assert slope.margin == pytest.approx(t_95(n - 2) * error, rel=1e-4, abs=1e-6)


def test_residuals_that_alternate_keep_nothing_and_those_that_drift_much():
    assert kept_from_before(np.array([1.0, -1.0] * 20)) == 0
    assert kept_from_before(np.array([1.0] * 20 + [-1.0] * 20)) == 0.9
    assert kept_from_before(np.zeros(20)) == 0.05


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)]
)
def test_quantiles_are_those_of_the_tables(freedom, quantile):
    assert t_95(freedom) == pytest.approx(quantile, abs=0.001)


@pytest.mark.parametrize("days", [10, 30, 90])
def test_intervals_hold_the_truth_although_days_resemble_their_neighbours(days):
    """Moods that keep 0.3 of the day before: how often the interval of a slope of zero holds zero."""
    dice = np.random.default_rng(5)
    held = 0
    for _ in range(500):
        noise = dice.normal(size=days)
        values = [noise[0]]
        for one in noise[1:]:
            values.append(0.3 * values[-1] + one)
        slope = fit_slope(range(days), values)
        held += abs(slope.value) <= slope.margin
    assert held / 500 >= 0.88


def test_a_line_is_found_exactly():
    slope = fit_slope(range(20), [0.01 * day - 0.1 for day in range(20)])
    assert (slope.value, slope.margin) == (pytest.approx(0.01), pytest.approx(0.0, abs=1e-9))
    assert fit_mean([0.25] * 20).margin == pytest.approx(0.0, abs=1e-9)


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.booleans())
def test_streaks_are_those_of_walking_from_day_to_day(numbers, last, is_over):
    numbers = {number for number in numbers if number <= last}
    streaks = streaks_of([FIRST + number * DAY for number in numbers])
    assert sum(streak.days for streak in streaks) == len(numbers)
    runs, run = [], 0
    for number in range(last + 2):
        if number in numbers:
            run += 1
        elif run:
            runs.append(run)
            run = 0
    assert [streak.days for streak in streaks] == runs
    assert (longest(streaks).days if runs else 0) == max(runs, default=0)
    end = last if is_over or last in numbers else last - 1
    goes_on = 0
    while end - goes_on in numbers:
        goes_on += 1
    found = current(streaks, FIRST + last * DAY, is_over=is_over)
    assert (found.days if found else 0) == goes_on


def test_days_that_have_not_come_yet_do_not_count():
    numbers = numbers_of([reading(FIRST)], FIRST, FIRST + 29 * DAY, FIRST + 3 * DAY)
    assert (numbers.days, numbers.entries_per_day) == (4, 0.25)
    assert numbers_of([], FIRST, FIRST, FIRST - DAY).days == 1


def test_a_mood_counts_on_the_day_that_the_journals_clocks_show():
    mood = EntryMood(
        entry_id=uuid4(),
        revision=1,
        written_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
        state="abstained",
        inferred=None,
        own=None,
    )
    assert reading_of(mood, ZoneInfo("UTC")).day == date(2026, 3, 1)
    assert reading_of(mood, ZoneInfo("Europe/Berlin")).day == date(2026, 3, 2)
