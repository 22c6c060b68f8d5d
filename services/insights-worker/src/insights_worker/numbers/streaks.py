"""Days in a row."""

from collections.abc import Collection
from datetime import date, timedelta
from itertools import pairwise

from contracts.reports import Streak

_DAY = timedelta(days=1)


def streaks_of(days: Collection[date]) -> list[Streak]:
    """All there are, in order. `days` may come in any order, and twice."""
    ordered = sorted(set(days))
    if not ordered:
        return []
    # A streak ends where the next day with something is not the next day.
    gaps = [(earlier, later) for earlier, later in pairwise(ordered) if later - earlier > _DAY]
    starts = [ordered[0], *(later for _, later in gaps)]
    ends = [*(earlier for earlier, _ in gaps), ordered[-1]]
    return [
        Streak(days=(end - start).days + 1, first_day=start, last_day=end)
        for start, end in zip(starts, ends, strict=True)
    ]


def longest(streaks: Collection[Streak]) -> Streak | None:
    """The later of two that are equally long."""
    return max(streaks, key=lambda streak: (streak.days, streak.last_day), default=None)


def current(streaks: Collection[Streak], last_day: date, *, is_over: bool) -> Streak | None:
    """The one that reaches `last_day`; while that day is not over, one that reaches the day before goes on too."""
    reached = last_day if is_over else last_day - _DAY
    return next((streak for streak in streaks if streak.last_day >= reached), None)
