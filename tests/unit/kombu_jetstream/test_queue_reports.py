from datetime import UTC, datetime, timedelta

import pytest

from kombu_jetstream import Schedule
from kombu_jetstream._connection.refusals import Place, refusal
from kombu_jetstream._connection.server import check_version
from kombu_jetstream._watch.consumer_info import ConsumerInfo
from kombu_jetstream._watch.report import schedules, span, status
from kombu_jetstream.errors import ApiError, ServerTooOld, TopologyMissing


@pytest.mark.parametrize(
    ("age_s", "told"),
    [
        (None, "-"),
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(age_s: float | None, told: str) -> None:
    assert span(age_s) == told


def test_nothing_is_said_in_words() -> None:
    assert status([], as_json=False) == "no queues"
    assert status([], as_json=True) == "[]"


def test_a_schedule_that_the_server_should_have_fired_is_late() -> None:
    due = datetime.now(UTC) - timedelta(seconds=90)
    lines = schedules([Schedule("id", None, "q", "0", due)], as_json=False).splitlines()
    assert lines[1].split() == ["1", "min", "30", "s", "late", "q", "0", "id", "-"]


@pytest.mark.parametrize(
    ("verb", "stream", "consumer"),
    [
        ("STREAM.INFO.S", "S", ""),
        ("STREAM.MSG.GET.S", "S", ""),
        ("DIRECT.GET.S", "S", ""),
        ("CONSUMER.LIST.S", "S", ""),
        ("CONSUMER.CREATE.S.c=2e=d", "S", "c=2e=d"),
        ("CONSUMER.MSG.NEXT.S.c", "S", "c"),
    ],
)
def test_a_request_tells_its_stream_and_consumer(verb: str, stream: str, consumer: str) -> None:
    assert Place.of(verb) == Place(stream, consumer)


def test_a_refusal_names_place_and_remedy_and_an_unknown_one_its_code() -> None:
    missing = refusal("CONSUMER.INFO.S.c", {"code": 404, "err_code": 10014, "description": "consumer not found"})
    assert isinstance(missing, TopologyMissing)
    assert (missing.stream, missing.consumer) == ("S", "c")
    assert str(missing).startswith("stream S, consumer c: consumer not found; declare the queue again")
    other = refusal("STREAM.INFO.S", {"code": 400, "err_code": 1, "description": "odd"})
    assert type(other) is ApiError
    assert str(other) == "stream S: odd (STREAM.INFO.S, code 400, err_code 1)"


@pytest.mark.parametrize("version", ["2.12.0", "v2.15.1", "3.0.0-preview.1", "", "dev"])
def test_a_server_that_can_hold_schedules_passes_and_so_does_one_that_tells_no_version(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize("version", ["2.11.11", "2.9.0-beta.1", "1.4.1"])
def test_an_older_server_is_refused(version: str) -> None:
    with pytest.raises(ServerTooOld, match=version):
        check_version(version)


@pytest.mark.parametrize(
    ("name", "metadata", "queue", "step"),
    [
        ("q", None, "q", None),
        ("q=p9", None, "q", 9),
        ("a=2e=b=p0", {}, "a.b", 0),
        ("=3d=p9", {}, "=p9", None),
        ("a=2e=p9", {}, "a.p9", None),
        ("a=2e=p9=p6", {}, "a.p9", 6),
        ("whatever=p3", {"kombu.queue": "its name"}, "its name", 3),
    ],
)
def test_a_consumer_tells_its_queue_by_metadata_or_by_its_name(
    name: str, metadata: dict[str, str] | None, queue: str, step: int | None
) -> None:
    told = {
        "stream_name": "S",
        "name": name,
        "config": {"metadata": metadata},
        "delivered": {"consumer_seq": 0, "stream_seq": 0},
        "ack_floor": {"consumer_seq": 0, "stream_seq": 0},
        "num_pending": 0,
        "num_ack_pending": 0,
        "num_redelivered": 0,
        "num_waiting": 0,
        "ts": "2026-11-24T12:00:00.123456789Z",
    }
    info = ConsumerInfo.read(told)
    assert (info.queue, info.step, info.filters, info.max_ack_pending) == (queue, step, (">",), -1)
