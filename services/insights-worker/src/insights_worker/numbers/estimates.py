"""Means and trends with their confidence intervals, or an honest nothing where the days are too few."""

from contracts.reports import Estimate, Trend
from insights_worker.numbers.readings import DailyMeans
from insights_worker.numbers.regression import fit_mean, fit_slope

#: Fewer daily means say nothing of how they spread.
MEAN_DAYS_MIN = 5
#: Below, a single day decides which way the line goes.
TREND_DAYS_MIN = 10
_WEEK = 7


def mean_of(found: DailyMeans, *, least: float, most: float) -> Estimate | None:
    """None without any value. Values lie between `least` and `most`, and so does the interval."""
    if not found.days:
        return None
    days = len(found.days)
    if days < MEAN_DAYS_MIN:
        return Estimate(n=found.n, mean=sum(found.means) / days, days=days)
    mean = fit_mean(found.means)
    return Estimate(
        n=found.n,
        mean=mean.value,
        days=days,
        low=max(least, mean.value - mean.margin),
        high=min(most, mean.value + mean.margin),
    )


def trend_of(found: DailyMeans) -> Trend | None:
    """None where the days are too few to tell one."""
    if len(found.days) < TREND_DAYS_MIN:
        return None
    slope = fit_slope([day.toordinal() for day in found.days], found.means)
    return Trend(
        per_week=slope.value * _WEEK,
        low=(slope.value - slope.margin) * _WEEK,
        high=(slope.value + slope.margin) * _WEEK,
        days=len(found.days),
    )
