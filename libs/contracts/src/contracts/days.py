"""Days as clients write them."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

#: A year's room at both ends: whole weeks and months around a day stay within what calendars can say.
DAY_MIN = date(1000, 1, 1)
DAY_MAX = date(9998, 12, 31)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _written_out(value: object) -> date:
    """Left to itself, pydantic makes a day in 1970 of `"5"`."""
    if type(value) is date:
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:  # Such as the 30th of February.
            pass
    raise ValueError("must be a day, such as 2026-11-24")


def _within_bounds(day: date) -> date:
    if not DAY_MIN <= day <= DAY_MAX:
        raise ValueError("must lie between the years 1000 and 9998")
    return day


Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_within_bounds)]
