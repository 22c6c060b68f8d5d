"""Cursors come back as they went."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from gateway.domain.entries import Entry
from gateway.service.cursors import cursor_after, parse_cursor


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-3, minutes=-30))])
def test_a_cursor_comes_back_as_it_went(zone):
    now = datetime.now(zone)
    entry = Entry(uuid4(), "anna", 1, "", now, (), {}, now, now)
    assert parse_cursor(cursor_after(entry)) == (now, entry.id)
