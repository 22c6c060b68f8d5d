"""Moods over HTTP: the writer's own with the entry, the timeline with its defaults, its refusals and its tag."""

import json
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from contracts.moods import TIMELINE_MAX_BUCKETS_OVER_NATS, MoodTimeline
from support.http_gateway import HttpGateway
from support.moods import Written, insert_written

EVENING = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
NOVEMBER = {"from": "2026-11-23", "to": "2026-11-25"}


@pytest.fixture
def moods(journal: str) -> str:
    return f"/v1/journals/{journal}/moods"


def test_an_own_mood_is_posted_shown_and_replaced(writer: httpx.Client, entries: str) -> None:
    mood = {"label": "joyful", "valence": 1, "word": "rad"}
    created = writer.post(entries, json={"body": "Sun.", "mood": mood})
    assert created.status_code == 201, created.text
    assert created.json()["own_mood"] == {"label": "joyful", "valence": 1.0, "arousal": None, "word": "rad"}
    assert created.json()["enrichments"]["mood"]["state"] == "pending"
    address = created.headers["location"]
    replaced = writer.put(address, json={"body": "Sun."}, headers={"If-Match": created.headers["etag"]})
    assert replaced.json()["own_mood"] is None
    assert writer.get(address).json() == replaced.json()


@pytest.mark.parametrize(
    ("mood", "pointer"),
    [
        ({}, "/mood"),
        ({"valence": 2}, "/mood/valence"),
        ({"valence": "0.5"}, "/mood/valence"),
        ({"label": "meh"}, "/mood/label"),
        ({"word": "a\tb"}, "/mood/word"),
        ({"valence": 0, "scale": 5}, "/mood/scale"),
        (3, "/mood"),
    ],
)
def test_a_mood_that_is_none_is_refused(writer: httpx.Client, entries: str, mood: object, pointer: str) -> None:
    refused = writer.post(entries, json={"body": "Sun.", "mood": mood})
    assert (refused.status_code, [fault["pointer"] for fault in refused.json()["errors"]]) == (422, [pointer])


def test_a_timeline_shows_every_bucket_on_its_authors_day(
    gateway: HttpGateway, writer: httpx.Client, journal: str, moods: str
) -> None:
    own = {"label": "joyful", "valence": 0.5}
    gateway.run(insert_written(gateway.store, journal, [Written(EVENING, label="sad", valence=-0.5, own=own)]))
    answer = writer.get(moods, params=NOVEMBER)
    assert answer.status_code == 200, answer.text
    timeline = answer.json()
    assert (timeline["bucket"], timeline["time_zone"]) == ("day", None)
    assert [(bucket["first_day"], bucket["entries"], bucket["missing"]) for bucket in timeline["buckets"]] == [
        ("2026-11-23", 0, "no_entries"),
        ("2026-11-24", 1, None),
        ("2026-11-25", 0, "no_entries"),
    ]
    full = timeline["buckets"][1]
    assert (full["inferred"]["labels"], full["own"]["labels"]) == ({"sad": 1}, {"joyful": 1})
    berlin = writer.get(moods, params={**NOVEMBER, "time_zone": "Europe/Berlin"}).json()
    assert [bucket["entries"] for bucket in berlin["buckets"]] == [0, 0, 1]
    (week,) = writer.get(moods, params={**NOVEMBER, "bucket": "week"}).json()["buckets"]
    assert (week["first_day"], week["last_day"], week["entries"]) == ("2026-11-23", "2026-11-29", 1)
    assert [len(writer.get(moods, params={"bucket": size}).json()["buckets"]) for size in ("day", "week", "month")] == [
        *(30, 26, 24)
    ]


def test_a_timeline_that_is_known_is_not_sent_again(
    gateway: HttpGateway, writer: httpx.Client, journal: str, moods: str
) -> None:
    first = writer.get(moods, params=NOVEMBER)
    known = {"If-None-Match": first.headers["etag"]}
    again = writer.get(moods, params=NOVEMBER, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    gateway.run(insert_written(gateway.store, journal, [Written(EVENING)]))
    assert writer.get(moods, params=NOVEMBER, headers=known).status_code == 200


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"bucket": "year"}, "/query/bucket"),
        ({"from": "2026-02-30"}, "/query/from"),
        ({"from": "0"}, "/query/from"),
        ({"to": "2026-11-24T00:00:00Z"}, "/query/to"),
        ({"to": "9999-12-31"}, "/query/to"),
        ({"time_zone": "Mars/Olympus"}, "/query/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/query/time_zone"),
        ({"form": "2026-11-24"}, "/query/form"),
        ({"from": "2026-11-25", "to": "2026-11-24"}, "/query"),
    ],
)
def test_a_query_that_is_none_is_refused(writer: httpx.Client, moods: str, query: dict[str, str], pointer: str) -> None:
    refused = writer.get(moods, params=query)
    assert (refused.status_code, [fault["pointer"] for fault in refused.json()["errors"]]) == (422, [pointer])


def test_too_long_a_range_is_refused_by_a_problem_that_says_what_to_do(writer: httpx.Client, moods: str) -> None:
    refused = writer.get(moods, params={"from": "2000-01-01", "to": "2026-11-24"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:daybook:problem:timeline-too-long")
    assert (
        refused.json()["detail"]
        == "The range has 9825 buckets; one answer holds 3700. Ask for less, or for larger ones."
    )
    assert writer.get(moods, params={"from": "2000-01-01", "to": "2026-11-24", "bucket": "week"}).status_code == 200


def test_moods_are_for_readers_of_the_journal(gateway: HttpGateway, moods: str) -> None:
    with gateway.client("write") as other, gateway.client("read", journals=("ben",)) as stranger:
        assert other.get(moods).status_code == 403
        assert stranger.get(moods).status_code == 404
    with gateway.client("read") as reader:
        assert reader.get(moods).status_code == 200
        assert reader.get("/v1/journals/nobody-made-it/moods").status_code == 404


def test_the_longest_timeline_over_nats_fits_into_one_message(
    gateway: HttpGateway, writer: httpx.Client, journal: str, moods: str
) -> None:
    labels = ["joyful", "content", "grateful", "hopeful", "calm", "anxious", "sad", "angry", "tired", "lonely", "mixed"]
    third = 1 / 3
    full = [Written(EVENING, label=label, valence=-third, own={"label": label, "valence": -third}) for label in labels]
    gateway.run(insert_written(gateway.store, journal, full))
    bucket = writer.get(moods, params={"from": "2026-11-24", "to": "2026-11-24"}).json()["buckets"][0]
    for side in ("inferred", "own"):
        # As long as numbers get.
        bucket[side] |= {
            what: {"n": 10_000, **dict.fromkeys(("mean", "min", "max"), -third)} for what in ("valence", "arousal")
        }
        bucket[side]["labels"] = dict.fromkeys(labels, 10_000)
    timeline = MoodTimeline.model_validate(
        {"bucket": "day", "time_zone": "x" * 64, "buckets": [bucket] * TIMELINE_MAX_BUCKETS_OVER_NATS}
    )
    assert len(timeline.model_dump_json()) < 1024 * 1024
    assert json.loads(timeline.model_dump_json())["buckets"][0] == bucket
