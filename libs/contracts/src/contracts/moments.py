"""Moments as clients write them: date, time and zone written out, within what every store of ours can hold."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

MOMENT_MIN = datetime(1000, 1, 1, tzinfo=UTC)
MOMENT_MAX = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
#: Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6; the zone is asked for afterwards, by name.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def _written_out(value: object) -> datetime:
    """Left to itself, pydantic makes a moment in 1970 of `5` and of `"5"`."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:  # Such as the 30th of February.
            pass
    raise ValueError("must be a date and time with a zone, such as 2026-11-24T07:30:00+01:00")


def _within_bounds(moment: datetime) -> datetime:
    """Near the ends of the calendar, the same moment in UTC would lie beyond it, and PostgreSQL could not take it."""
    if not MOMENT_MIN <= moment <= MOMENT_MAX:
        raise ValueError("must lie between the years 1000 and 9999")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_within_bounds)]
