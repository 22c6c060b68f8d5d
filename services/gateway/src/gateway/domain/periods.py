"""Which days a report is about."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.api import FieldProblem
from contracts.journals import ReportPeriod
from contracts.moods import BucketSize
from contracts.reports import REPORT_MAX_DAYS, InsightsOrder
from gateway.domain.buckets import bucket_of, last_day_of, moved
from gateway.domain.errors import RequestInvalid

_SIZES: dict[ReportPeriod, BucketSize] = {"weekly": "week", "monthly": "month"}


def days_of(order: InsightsOrder, today: date) -> tuple[date, date]:
    """The first and the last day that are asked for. `today` decides which week or month has ended last.

    Raises:
        RequestInvalid: days are missing, too many, or not of one week or month.
    """
    if order.kind != "period":
        return _whole(order, _SIZES[order.kind], today)
    if order.first_day is None:
        raise _wrong("/from", "is needed for a period")
    if order.last_day is None:
        raise _wrong("/to", "is needed for a period")
    if order.first_day > order.last_day:
        raise _wrong("/to", "must not lie before the first day")
    if (order.last_day - order.first_day).days >= REPORT_MAX_DAYS:
        raise _wrong("/to", f"one report holds {REPORT_MAX_DAYS} days")
    return order.first_day, order.last_day


def last_ended(kind: ReportPeriod, now: datetime, time_zone: str, *, grace: timedelta) -> tuple[date, date]:
    """The newest week or month that had ended there `grace` ago."""
    size = _SIZES[kind]
    # The grace is time that passes, not what clocks show: it is taken off before the zone is looked at.
    present = bucket_of((now - grace).astimezone(ZoneInfo(time_zone)).date(), size)
    first_day = moved(present, size, -1)
    return first_day, last_day_of(first_day, size)


def _whole(order: InsightsOrder, size: BucketSize, today: date) -> tuple[date, date]:
    first_day = bucket_of(order.first_day, size) if order.first_day else moved(bucket_of(today, size), size, -1)
    last_day = last_day_of(first_day, size)
    if order.last_day is not None and not first_day <= order.last_day <= last_day:
        raise _wrong("/to", f"must lie in the same {size} as the first day, or be left out")
    return first_day, last_day


def _wrong(pointer: str, detail: str) -> RequestInvalid:
    return RequestInvalid([FieldProblem(pointer=pointer, detail=detail)])
