"""Days in buckets: days, ISO weeks, months. A bucket is named by its first day."""

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.moods import BucketSize

#: What is shown where a client names no first day.
DEFAULT_BUCKETS: dict[BucketSize, int] = {"day": 30, "week": 26, "month": 24}
_DAY = timedelta(days=1)
_MONTHS = 12


@dataclass(frozen=True)
class Buckets:
    """All between two buckets, both included."""

    size: BucketSize
    first: date
    last: date

    @property
    def count(self) -> int:
        match self.size:
            case "day":
                return (self.last - self.first).days + 1
            case "week":
                return (self.last - self.first).days // 7 + 1
            case "month":
                return _months(self.last) - _months(self.first) + 1

    @property
    def end(self) -> date:
        """The day after the last."""
        return moved(self.last, self.size, 1)


def buckets_between(size: BucketSize, first_day: date | None, last_day: date) -> Buckets:
    """Those that hold the two days and all between; without a first day, `DEFAULT_BUCKETS` up to the last."""
    last = bucket_of(last_day, size)
    first = moved(last, size, 1 - DEFAULT_BUCKETS[size]) if first_day is None else bucket_of(first_day, size)
    return Buckets(size, first, last)


def bucket_of(day: date, size: BucketSize) -> date:
    match size:
        case "day":
            return day
        case "week":
            return day - day.weekday() * _DAY
        case "month":
            return day.replace(day=1)


def moved(bucket: date, size: BucketSize, steps: int) -> date:
    """So many buckets later; earlier where `steps` is negative."""
    match size:
        case "day":
            return bucket + steps * _DAY
        case "week":
            return bucket + 7 * steps * _DAY
        case "month":
            year, month = divmod(_months(bucket) + steps, _MONTHS)
            return date(year, month + 1, 1)


def last_day_of(bucket: date, size: BucketSize) -> date:
    return moved(bucket, size, 1) - _DAY


def _months(day: date) -> int:
    return day.year * _MONTHS + day.month - 1
