import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from nats.aio.msg import Msg

from kombu_jetstream._connection.bridge import Bridge
from kombu_jetstream._consume.wakeup import Wakeup
from kombu_jetstream._link.settlements import requeue_verdict
from kombu_jetstream._messages.codec import ENVELOPE, from_wire, to_wire
from kombu_jetstream._messages.identity import message_id, message_key
from kombu_jetstream._messages.receipt import Receipt, is_receipt
from kombu_jetstream._messages.schedules import due_at, schedule_headers, ttl_seconds

TAG = "$JS.ACK.TASKS.queue.2.17.5.1700000000000000000.3"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def arrived(body: bytes, headers: dict[str, str] | None) -> Msg:
    return Msg(_client=None, subject="a.b", reply=TAG, data=body, headers=headers)  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", [TAG, TAG.replace("ACK.", "ACK.hub.ACCOUNT.") + ".random"])
def test_a_receipt_is_read_in_both_forms(tag: str) -> None:
    receipt = Receipt.parse(tag)
    assert receipt.message == ("TASKS", "queue", 17, 1700000000000000000)
    assert receipt.deliveries == 2
    assert is_receipt(tag)
    assert not is_receipt("_INBOX.x")


@pytest.mark.parametrize("body", ["text é", b"\x00\xff raw", ""])
def test_a_message_survives_the_wire(body: str | bytes) -> None:
    message = {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"id": "1", "note": "line\r\nbreak"},
        "properties": {"priority": 3, "delivery_tag": "old", "delivery_info": {"exchange": "x", "routing_key": "k"}},
    }
    wire, headers = to_wire(message)
    assert "\n" not in headers[ENVELOPE]
    back = from_wire(arrived(wire, headers), Receipt.parse(TAG), "queue")
    assert back["body"] == (body or b"")
    assert back["headers"] == message["headers"]
    assert back["properties"]["delivery_tag"] == TAG
    assert back["properties"]["delivery_info"]["routing_key"] == "k"
    assert back["properties"]["delivery_info"]["redelivered"] is True


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (None, "application/json"),
        ({"content-type": "application/cloudevents+json"}, "application/json"),
        ({"Content-Type": "text/plain; charset=utf-8"}, "text/plain"),
    ],
)
def test_a_foreign_message_keeps_its_body_and_headers(headers: dict[str, str] | None, kind: str) -> None:
    payload = from_wire(arrived(b'{"a":1}', headers), Receipt.parse(TAG), "events")
    assert payload["body"] == b'{"a":1}'
    assert payload["content-type"] == kind
    assert payload["headers"] == (headers or {})
    assert payload["properties"]["subject"] == "a.b"


def test_an_envelope_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        from_wire(arrived(b"", {ENVELOPE: "not json"}), Receipt.parse(TAG), "queue")


def test_a_message_has_the_identity_of_its_copies_only() -> None:
    headers = {"id": "t", "task": "n", "retries": 0, "replaced_task_nesting": 0}
    first = message_key(headers, "[]")
    assert first == message_key({**headers, "origin": "elsewhere"}, b"[]")
    others = [
        message_key({**headers, "retries": 1}, "[]"),
        message_key({**headers, "replaced_task_nesting": 1}, "[]"),
        message_key({**headers, "task": "other"}, "[]"),
        message_key(headers, "[1]"),
    ]
    assert len({first, *others}) == 5
    assert message_id(first, "a b") != message_id(first, "ab")
    assert message_key(None) != message_key({"id": "not a task"})


def test_an_eta_is_left_to_the_server_unless_it_is_near() -> None:
    assert due_at(None, NOW, 1.0) is None
    assert due_at({"eta": NOW + timedelta(seconds=0.5)}, NOW, 1.0) is None
    assert due_at({"eta": "2026-11-24T12:00:30+02:00"}, NOW, 1.0) == NOW + timedelta(seconds=30)
    assert due_at({"eta": "2026-11-24T10:00:30"}, NOW, 1.0) == NOW + timedelta(seconds=30)


def test_a_schedule_says_when_where_and_how_long_the_message_lives_after() -> None:
    headers = schedule_headers(NOW + timedelta(seconds=30), "p.tasks.q.0", 40, NOW)
    assert headers == {
        "Nats-Schedule": "@at 2026-11-24T10:00:30.000000Z",
        "Nats-Schedule-Target": "p.tasks.q.0",
        "Nats-Schedule-TTL": "10s",
    }


@pytest.mark.parametrize(
    ("message_ms", "queue_ms", "seconds"),
    [(None, None, None), (1, None, 1), ("1500", None, 2), (None, 9000, 9), (60_000, 9000, 9)],
)
def test_the_shorter_ttl_wins_in_whole_seconds(message_ms: object, queue_ms: int | None, seconds: int | None) -> None:
    assert ttl_seconds(message_ms, queue_ms) == seconds


def test_a_requeue_carries_its_delay_in_nanoseconds() -> None:
    assert requeue_verdict() == b"-NAK"
    assert requeue_verdict(1.5) == b'-NAK {"delay": 1500000000}'


def test_a_wakeup_set_many_times_wakes_once() -> None:
    wakeup = Wakeup()
    assert not wakeup.wait(0)
    setter = threading.Thread(target=lambda: [wakeup.set() for _ in range(1000)])
    setter.start()
    assert wakeup.wait(5)
    setter.join(5)
    wakeup.clear()
    assert not wakeup.wait(0)
    wakeup.close()


def test_a_call_over_the_bridge_ends_at_its_deadline_and_takes_its_work_along() -> None:
    bridge, cancelled = Bridge(), threading.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        bridge.call(slow(), 0.05)
    assert time.monotonic() - began_s < 5
    assert cancelled.wait(5)
