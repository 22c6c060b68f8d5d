"""What a message is when it arrives, on every broker."""

import time

import kombu
import pytest

from support.conformance.mailbox import declared, fetched, send, take

TEXT = "é\N{SNOWMAN}\U0001f40d\r\n\0 end"


@pytest.mark.parametrize(
    ("serializer", "payload"),
    [
        ("json", {"text": TEXT, "list": [1, 2.5, None, True], "nested": {"a": {"b": []}}}),
        ("pickle", {"set": {1, 2}, "bytes": b"\x00\xff", "text": TEXT}),
        ("yaml", {"text": "é", "list": [1, 2]}),
        ("raw", bytes(range(256))),
    ],
)
@pytest.mark.parametrize("compression", [None, "zlib", "bzip2"])
def test_a_body_survives_serializer_and_compression(
    connection: kombu.Connection, name: str, serializer: str, payload: object, compression: str | None
) -> None:
    queue = declared(connection, name)
    send(connection, name, payload, serializer=serializer, compression=compression)
    message = fetched(queue)
    assert message.decode() == payload
    message.ack()


@pytest.mark.parametrize("body", ["text é", b"\x00\xff\xfe"])
def test_a_body_without_a_serializer_stays_as_it_is(connection: kombu.Connection, name: str, body: str | bytes) -> None:
    queue = declared(connection, name)
    send(connection, name, body)
    message = fetched(queue)
    assert message.payload == body
    message.ack()


@pytest.mark.parametrize("body", ["", b""])
def test_an_empty_body_arrives_empty(connection: kombu.Connection, name: str, body: str | bytes) -> None:
    queue = declared(connection, name)
    send(connection, name, body)
    message = fetched(queue)
    assert not message.payload
    message.ack()


def test_half_a_megabyte_arrives_whole(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    payload = "daybook " * 65_536
    send(connection, name, payload)
    assert take(connection, queue, count=1) == [payload]


def test_headers_and_properties_arrive_as_they_were_sent(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    headers = {"text": "é", "number": 7, "nested": {"a": [1, "two"]}, "nothing": None}
    send(connection, name, {}, headers=headers, correlation_id="c-1", reply_to="somewhere")
    message = fetched(queue)
    assert {key: message.headers[key] for key in headers} == headers
    assert message.properties["correlation_id"] == "c-1"
    assert message.properties["reply_to"] == "somewhere"
    assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
    message.ack()


def test_a_message_says_where_it_was_sent(connection: kombu.Connection, name: str) -> None:
    exchange = kombu.Exchange(name, type="topic")
    queue = declared(connection, name, exchange=exchange, routing_key="a.*")
    connection.Producer().publish({}, exchange=exchange, routing_key="a.b")
    message = fetched(queue)
    assert message.delivery_info["exchange"] == name
    assert message.delivery_info["routing_key"] == "a.b"
    message.ack()


def test_any_name_is_good_for_a_queue(connection: kombu.Connection, name: str) -> None:
    names = [f"{name} with blanks", f"{name}.dots.*", f"{name}/slash>", f"{name}-é"]
    for each in names:
        declared(connection, each)
        send(connection, each, each)
    for each in names:
        assert take(connection, kombu.Queue(each), count=1) == [each]


def test_messages_of_one_queue_keep_their_order(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    send(connection, name, *range(200))
    assert take(connection, queue, count=200) == list(range(200))


def test_a_message_lives_no_longer_than_its_expiration(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name)
    send(connection, name, "short", expiration=1)
    send(connection, name, "long", expiration=60)
    # Nothing tells when it is over on every broker: some pass it over only when it would be delivered.
    time.sleep(1.5)
    assert take(connection, queue, count=1) == ["long"]


def test_a_message_lives_no_longer_than_its_queue_allows(connection: kombu.Connection, name: str) -> None:
    queue = declared(connection, name, message_ttl=1)
    send(connection, name, "short")
    time.sleep(1.5)
    send(connection, name, "fresh")
    assert take(connection, queue, count=1) == ["fresh"]
