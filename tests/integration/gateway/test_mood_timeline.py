"""Moods in days, weeks and months: each entry on its author's day, every bucket there, inferred and own apart."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.journals import JournalSettingsChange
from contracts.moods import TIMELINE_MAX_BUCKETS, MoodsQuery, TimelineQuery
from gateway.db import moods
from gateway.db.migrations import migrate
from gateway.db.sql_files import query
from gateway.db.store import Store
from gateway.domain.buckets import buckets_between
from gateway.domain.errors import JournalNotFound, ScopeMissing, TimelineTooLong, TimeZoneUnknown
from gateway.service.journal_settings import change_settings
from gateway.service.put_journal import put_journal
from gateway.service.read_moods import page_moods, read_timeline
from support.gateway_store import holder
from support.moods import DAY, Written, insert_written, plain_timeline

NOVEMBER = datetime(2026, 11, 24, 20, tzinfo=UTC)
LABELS = ["joyful", "sad", "calm"]
#: Around changes of clocks, the day that Samoa left out, new years whose first week is the old year's, and a leap day.
CORNERS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2027, 1, 1, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 23, tzinfo=UTC),
]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]
numbers = count()


@pytest.fixture(scope="module")
def moods_database(postgres_server):
    """One for all tests here; each has a journal of its own."""
    url = postgres_server.create_database(f"moods_{uuid4().hex}")
    asyncio.run(migrate(url))
    return url


@pytest.fixture
async def store(moods_database):
    async with Store(moods_database) as opened:
        yield opened


@pytest.fixture
async def journal(store, owner):
    name = f"j-{uuid4().hex[:12]}"
    await put_journal(store, owner.principal, name)
    return name


async def _buckets(store, owner, journal, **asked):
    timeline = await read_timeline(store, owner.principal, journal, TimelineQuery.model_validate(asked))
    return [_rounded(bucket.model_dump()) for bucket in timeline.buckets]


def _rounded(bucket):
    for side in ("inferred", "own"):
        for spread in (bucket[side]["valence"], bucket[side]["arousal"]):
            if spread is not None:
                spread["mean"] = round(spread["mean"], 9)
    return bucket


sides = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))
shares = st.floats(0, 1, allow_nan=False).map(lambda value: round(value, 3))
own_moods = st.fixed_dictionaries(
    {}, optional={"label": st.sampled_from(LABELS), "valence": sides, "arousal": shares, "word": st.just("meh")}
).filter(bool)
entries_around = st.sampled_from(CORNERS).flatmap(
    lambda corner: st.tuples(
        st.just(corner),
        st.lists(
            st.builds(
                Written,
                written_at=st.builds(
                    lambda hours, offset: (corner + hours).astimezone(timezone(offset)),
                    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
                    st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes)),
                ),
                state=st.sampled_from(["done", "done", "done", "pending", "failed", "stale", None]),
                label=st.sampled_from([*LABELS, None]),
                valence=sides,
                arousal=shares,
                own=st.none() | own_moods,
            ),
            max_size=12,
        ),
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    around=entries_around,
    size=st.sampled_from(["day", "week", "month"]),
    before=st.integers(-2, 10),
    after=st.integers(2, 10),
    zone=st.none() | st.sampled_from(ZONES),
)
async def test_a_timeline_is_what_plain_counting_finds(store, owner, around, size, before, after, zone):
    corner, written = around
    journal = f"counted-{next(numbers)}"
    await insert_written(store, journal, written)
    first_day, last_day = corner.date() - before * DAY, corner.date() + after * DAY
    found = await _buckets(store, owner, journal, bucket=size, first_day=first_day, last_day=last_day, time_zone=zone)
    assert found == plain_timeline(written, size, first_day, last_day, zone)


async def test_an_evening_belongs_to_its_authors_day_unless_a_zone_is_named(store, owner, journal):
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    await insert_written(store, journal, [Written(evening)])
    asked = {"first_day": "2026-11-24", "last_day": "2026-11-25"}
    assert [bucket["entries"] for bucket in await _buckets(store, owner, journal, **asked)] == [1, 0]
    berlin = await _buckets(store, owner, journal, **asked, time_zone="Europe/Berlin")
    assert [bucket["entries"] for bucket in berlin] == [0, 1]


async def test_the_zone_that_the_journals_settings_name_decides_unless_another_is_asked_for(store, owner, journal):
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    await insert_written(store, journal, [Written(evening)])
    asked = {"first_day": "2026-11-24", "last_day": "2026-11-25"}

    async def days(**zone):
        timeline = await read_timeline(store, owner.principal, journal, TimelineQuery.model_validate(asked | zone))
        return timeline.time_zone, [bucket.entries for bucket in timeline.buckets]

    await change_settings(store, owner.principal, journal, JournalSettingsChange(reflect="always"))
    assert await days() == (None, [1, 0]), "the settings' default is nobody's choice"
    await change_settings(store, owner.principal, journal, JournalSettingsChange(time_zone="Europe/Berlin"))
    assert await days() == ("Europe/Berlin", [0, 1])
    assert await days(time_zone="author") == (None, [1, 0])
    assert await days(time_zone="America/New_York") == ("America/New_York", [1, 0])


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
async def test_a_day_on_which_clocks_change_has_all_of_its_hours(store, owner, journal, day, hours):
    midnight = datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    await insert_written(store, journal, [Written(midnight + timedelta(minutes=30 * n)) for n in range(-4, 56)])
    (bucket,) = await _buckets(store, owner, journal, first_day=day, last_day=day, time_zone="Europe/Berlin")
    assert bucket["entries"] == 2 * hours


async def test_each_bucket_without_a_mood_says_why(store, owner, journal):
    states = [
        [],
        ["done"],
        ["pending"],
        [None],
        ["stale"],
        ["failed"],
        ["abstained"],
        ["failed", "pending", "abstained"],
    ]
    states += [["failed", "abstained"], ["pending", "done"]]
    await insert_written(
        store,
        journal,
        [
            Written(
                NOVEMBER - n * DAY, "done" if state == "abstained" else state, None if state == "abstained" else "sad"
            )
            for n, day in enumerate(states)
            for state in day
        ],
    )
    found = await _buckets(store, owner, journal, first_day=(NOVEMBER - 9 * DAY).date(), last_day=NOVEMBER.date())
    assert [bucket["missing"] for bucket in reversed(found)] == [
        *("no_entries", None, "pending", "pending", "pending", "failed", "abstained", "pending", "failed", None)
    ]
    for bucket in found:
        parts = bucket["inferred"]["n"] + bucket["pending"] + bucket["failed"] + bucket["abstained"]
        assert bucket["entries"] == parts


async def test_own_and_inferred_moods_are_never_mixed(store, owner, journal):
    await insert_written(
        store,
        journal,
        [
            Written(NOVEMBER, label="sad", valence=-0.5, arousal=0.5, own={"valence": 1.0, "label": "joyful"}),
            Written(NOVEMBER, state="pending", own={"word": "meh"}),
        ],
    )
    (bucket,) = await _buckets(store, owner, journal, first_day=NOVEMBER.date(), last_day=NOVEMBER.date())
    assert bucket["inferred"] == {
        "n": 1,
        "valence": {"n": 1, "mean": -0.5, "min": -0.5, "max": -0.5},
        "arousal": {"n": 1, "mean": 0.5, "min": 0.5, "max": 0.5},
        "labels": {"sad": 1},
    }
    assert bucket["own"] == {
        "n": 2,
        "valence": {"n": 1, "mean": 1.0, "min": 1.0, "max": 1.0},
        "arousal": None,
        "labels": {"joyful": 1},
    }


@pytest.mark.parametrize(("size", "buckets"), [("day", 30), ("week", 26), ("month", 24)])
async def test_without_days_it_ends_with_the_present(store, owner, journal, size, buckets):
    ahead = datetime.now(timezone(timedelta(hours=14)))
    await insert_written(store, journal, [Written(ahead)])
    found = await _buckets(store, owner, journal, bucket=size)
    assert (len(found), found[-1]["entries"]) == (buckets, 1), "in the zone of the newest entry"
    in_utc = await _buckets(store, owner, journal, bucket=size, time_zone="UTC")
    assert in_utc[-1]["first_day"] <= datetime.now(UTC).date() <= in_utc[-1]["last_day"]


async def test_a_first_day_in_the_future_is_answered_by_its_bucket(store, owner, journal):
    (bucket,) = await _buckets(store, owner, journal, first_day="2999-01-01")
    assert (bucket["first_day"], bucket["missing"]) == (date(2999, 1, 1), "no_entries")


async def test_the_ends_of_the_calendar_are_answered(store, owner, journal):
    for size in ("day", "week", "month"):
        for day in ("1000-01-01", "9998-12-31"):
            (bucket,) = await _buckets(store, owner, journal, bucket=size, first_day=day, last_day=day)
            assert bucket["first_day"] <= date.fromisoformat(day) <= bucket["last_day"]


async def test_too_many_buckets_are_refused_with_their_number(store, owner, journal):
    ten_years = date(2010, 1, 1) + (TIMELINE_MAX_BUCKETS - 1) * DAY
    assert (
        len(await _buckets(store, owner, journal, first_day="2010-01-01", last_day=ten_years)) == TIMELINE_MAX_BUCKETS
    )
    with pytest.raises(TimelineTooLong, match="has 3701 buckets; one answer holds 3700"):
        await _buckets(store, owner, journal, first_day="2010-01-01", last_day=ten_years + DAY)
    assert (
        len(await _buckets(store, owner, journal, bucket="month", first_day="2010-01-01", last_day=ten_years + DAY))
        == 122
    )


async def test_only_readers_of_the_journal_see_its_moods(store, owner, journal):
    other = f"{journal}-other"
    await insert_written(store, other, [Written(datetime.now(UTC))])
    assert sum(bucket["entries"] for bucket in await _buckets(store, owner, journal)) == 0
    stranger = await holder(store, "read", "enrich", journals=(other,))
    for name, who, error in [
        ("nobody", owner, JournalNotFound),
        (journal, stranger, JournalNotFound),
        (journal, await holder(store, "write", "enrich"), ScopeMissing),
    ]:
        with pytest.raises(error):
            await _buckets(store, who, name)
    for name, who, error in [
        ("nobody", owner, JournalNotFound),
        (journal, stranger, JournalNotFound),
        (journal, await holder(store, "read"), ScopeMissing),
    ]:
        with pytest.raises(error):
            await page_moods(store, who.principal, name, MoodsQuery())


async def test_a_zone_that_only_python_knows_is_refused_and_not_a_fault(store, owner, journal):
    async with store.connection() as connection:
        with pytest.raises(TimeZoneUnknown):
            await moods.today(connection, journal, "Nowhere/Land")
        await insert_written(store, journal, [Written(NOVEMBER)])
        with pytest.raises(TimeZoneUnknown):
            await moods.timeline(connection, journal, buckets_between("day", None, NOVEMBER.date()), "Nowhere/Land")


async def _fill(store, journal):
    """Ten years, about three entries a day."""
    async with store.transaction() as connection:
        await connection.execute(
            "INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)"
            " SELECT gen_random_uuid(), $1, 1, 'x', $2::timestamptz - n * interval '526 minutes', 0, '{}', '{}'"
            " FROM generate_series(0, 9999) AS n",
            journal,
            NOVEMBER,
        )
        await connection.execute(
            "INSERT INTO enrichments (entry_id, kind, state, revision, result)"
            ' SELECT id, \'mood\', \'done\', 1, \'{"label": "sad", "valence": -0.5, "arousal": 0.5}\''
            " FROM entries WHERE journal = $1",
            journal,
        )
        await connection.execute("ANALYZE entries")
        await connection.execute("ANALYZE enrichments")


async def test_ten_thousand_entries_are_read_by_index_and_paged_without_loss(store, owner, journal):
    await _fill(store, journal)
    month = buckets_between("day", date(2026, 10, 26), NOVEMBER.date())
    async with store.connection() as connection:
        for sql, values in [
            (query("moods", "mood_timeline"), [journal, month.first, month.end, "day", None]),
            (query("moods", "page_moods"), [journal, None, None, NOVEMBER - 30 * DAY, uuid4(), 1000]),
        ]:
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *values))
            assert "entries_by_time" in plan, plan
            assert "Seq Scan on entries" not in plan, plan
    found = await _buckets(store, owner, journal, bucket="day", first_day="2016-11-01", last_day="2026-11-24")
    assert (len(found), sum(bucket["inferred"]["n"] for bucket in found)) == (3676, 10_000)

    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await page_moods(store, owner.principal, journal, MoodsQuery(cursor=cursor))
        seen += page.moods
        cursor, pages = page.next_cursor, pages + 1
    assert (len(seen), pages) == (10_000, 10)
    assert len({mood.entry_id for mood in seen}) == 10_000
    assert [mood.written_at for mood in seen] == sorted(mood.written_at for mood in seen)
