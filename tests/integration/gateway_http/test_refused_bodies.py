"""Bodies that must not pass: each is refused with its reason, echoes nothing, and leaves nothing behind."""

import json
import time

import httpx
import pytest

from support.http_gateway import REQUEST_MAX_BYTES, HttpGateway
from support.raw_http import RawConnection

SECRET = "elderflower"
JSON = {"Content-Type": "application/json"}
PROBLEM = "urn:daybook:problem:"


def nested(levels: int) -> bytes:
    return b'{"body":"x","metadata":{"a":' + b"[" * levels + b"]" * levels + b"}}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"elderflower",
        b'{"body":"elderflower\xff"}',
        b'\xff\xfe{\x00"\x00',
        b'\xef\xbb\xbf{"body":"elderflower"}',
        b'{"body":"elderflower","body":"y"}',
        b'{"body":"x","metadata":{"a":1,"a":2}}',
        b'{"body":"x","metadata":{"a":NaN}}',
        b'{"body":"x","metadata":{"a":-Infinity}}',
        b'{"body":"elderflower \\ud800"}',
        b'{"body":"x","metadata":{"\\udfff":1}}',
        b'{"body":"x"} {"body":"y"}',
        b'{"body":"x","metadata":{"n":' + b"9" * 5000 + b"}}",
        nested(40),
        nested(100_000),
        b"[" * 500_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_plain_json_is_malformed(writer: httpx.Client, entries: str, body: bytes) -> None:
    answer = writer.post(entries, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (400, f"{PROBLEM}body-malformed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
    assert writer.get(entries).json()["entries"] == []


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ([], ""),
        ("elderflower", ""),
        ({}, "/body"),
        ({"body": ""}, "/body"),
        ({"body": " \n"}, "/body"),
        ({"body": 5}, "/body"),
        ({"body": None}, "/body"),
        ({"body": ["elderflower"]}, "/body"),
        ({"body": "elderflower\x00"}, "/body"),
        ({"body": "ä" * 131_073}, "/body"),
        ({"body": "x", "mood": "elderflower"}, "/mood"),
        ({"body": "x", "tags": "elderflower"}, "/tags"),
        ({"body": "x", "tags": [SECRET, 1]}, "/tags/1"),
        ({"body": "x", "tags": ["\x00"]}, "/tags"),
        ({"body": "x", "tags": [""]}, "/tags/0"),
        ({"body": "x", "tags": [str(n) for n in range(33)]}, "/tags"),
        ({"body": "x", "metadata": [SECRET]}, "/metadata"),
        ({"body": "x", "metadata": {"a": "elderflower\x00"}}, "/metadata"),
        ({"body": "x", "metadata": {"a": SECRET * 400}}, "/metadata"),
        ({"body": "x", "written_at": "2026-03-02T21:15:00"}, "/written_at"),
        ({"body": "x", "written_at": "2026-03-02"}, "/written_at"),
        ({"body": "x", "written_at": "elderflower"}, "/written_at"),
        ({"body": "x", "written_at": "2026-02-30T10:00:00Z"}, "/written_at"),
        ({"body": "x", "written_at": 1_700_000_000}, "/written_at"),
        ({"body": "x", "written_at": "1700000000"}, "/written_at"),
        ({"body": "x", "written_at": "0001-01-01T00:00:00+14:00"}, "/written_at"),
        ({"body": "x", "written_at": "9999-12-31T23:59:59-14:00"}, "/written_at"),
        ({"body": "x", "written_at": "2126-01-01T00:00:00Z"}, ""),
    ],
    ids=repr,
)
def test_wrong_fields_are_named_without_their_values(
    writer: httpx.Client, entries: str, draft: object, pointer: str
) -> None:
    answer = writer.post(entries, content=json.dumps(draft), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (422, f"{PROBLEM}request-invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert SECRET not in answer.text
    assert writer.get(entries).json()["entries"] == []


def test_a_field_with_a_slash_in_its_name_is_pointed_at_by_the_rules(writer: httpx.Client, entries: str) -> None:
    answer = writer.post(entries, json={"body": "x", "a/b~c": 1})
    assert answer.json()["errors"][0]["pointer"] == "/a~1b~0c"


def test_a_flood_of_faults_is_cut(writer: httpx.Client, entries: str) -> None:
    answer = writer.post(entries, json={"body": "x", **{f"field{n}": n for n in range(1000)}})
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/problem+json",
        "garbage",
    ],
)
def test_a_body_of_another_type_is_not_read(writer: httpx.Client, entries: str, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = writer.post(entries, content=b'{"body":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (415, f"{PROBLEM}media-type-unsupported")


def test_json_is_taken_however_its_type_is_spelt(writer: httpx.Client, entries: str) -> None:
    for content_type in ("application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"'):
        answer = writer.post(entries, content='{"body":"Grüße"}'.encode(), headers={"Content-Type": content_type})
        assert answer.json()["body"] == "Grüße"


def test_the_largest_entry_passes_however_it_is_escaped(writer: httpx.Client, entries: str) -> None:
    escaped = json.dumps({"body": "\n" * 10 + "x" + "\n" * (256 * 1024 - 11)})
    assert writer.post(entries, content=escaped, headers=JSON).status_code == 201


def test_a_body_announced_too_large_is_refused_before_a_byte_of_it_is_sent(gateway: HttpGateway, entries: str) -> None:
    with RawConnection(gateway.port) as connection:
        connection.send_head("POST", entries, {**JSON, "Content-Length": str(10**12)})
        answer = connection.answer()
        assert (answer.status, json.loads(answer.body)["type"]) == (413, f"{PROBLEM}body-too-large")
        assert answer.headers["connection"] == "close"
        assert connection.is_closed()


def test_a_client_that_waits_to_be_told_is_told_no(gateway: HttpGateway, entries: str) -> None:
    with RawConnection(gateway.port) as connection:
        connection.send_head(
            "POST", entries, {**JSON, "Content-Length": str(REQUEST_MAX_BYTES + 1), "Expect": "100-continue"}
        )
        assert connection.answer().status == 413


def test_a_body_that_comes_in_chunks_is_refused_as_soon_as_it_is_too_large(
    gateway: HttpGateway, writer: httpx.Client, entries: str
) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with RawConnection(gateway.port) as connection:
        headers = {**JSON, "Transfer-Encoding": "chunked", "Authorization": writer.headers["authorization"]}
        connection.send_head("POST", entries, headers)
        for _ in range(REQUEST_MAX_BYTES // 0x10000 + 1):
            connection.send(chunk)
        answer = connection.answer()
        assert (answer.status, json.loads(answer.body)["type"]) == (413, f"{PROBLEM}body-too-large")
        assert connection.is_closed(), "though the body never ended"


def test_an_endless_body_is_not_listened_to_after_its_answer(gateway: HttpGateway, entries: str) -> None:
    with RawConnection(gateway.port) as connection:
        connection.send_head("POST", entries, {**JSON, "Transfer-Encoding": "chunked", "Authorization": "Bearer no"})
        connection.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        answer = connection.answer()
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert connection.is_closed()


def test_a_small_body_that_nobody_read_costs_no_connection(gateway: HttpGateway, entries: str) -> None:
    with RawConnection(gateway.port) as connection:
        for _ in range(2):
            connection.send_head("POST", entries, {**JSON, "Content-Length": "12", "Authorization": "Bearer no"})
            connection.send(b'{"body":"x"}')
            answer = connection.answer()
            assert answer.status == 401
            assert "connection" not in answer.headers


def test_a_client_that_sends_all_of_a_body_too_large_still_reads_why(writer: httpx.Client, entries: str) -> None:
    answer = writer.post(entries, content=b" " * (4 * REQUEST_MAX_BYTES), headers=JSON)
    assert answer.status_code == 413
    assert writer.post(entries, json={"body": "x"}).status_code == 201


def test_a_body_that_drips_is_given_up(http_database: str, writer: httpx.Client, entries: str) -> None:
    with (
        HttpGateway(http_database, body_deadline_s=0.4) as impatient,
        RawConnection(impatient.port) as connection,
    ):
        headers = {**JSON, "Content-Length": "1000", "Authorization": writer.headers["authorization"]}
        connection.send_head("POST", entries, headers)
        started = time.monotonic()
        connection.send(b'{"body":')
        answer = connection.answer()
        assert (answer.status, json.loads(answer.body)["type"]) == (408, f"{PROBLEM}body-too-slow")
        assert connection.is_closed()
        assert time.monotonic() - started < 5


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing(
    gateway: HttpGateway, writer: httpx.Client, entries: str
) -> None:
    with RawConnection(gateway.port) as connection:
        headers = {**JSON, "Content-Length": "1000", "Authorization": writer.headers["authorization"]}
        connection.send_head("POST", entries, headers)
        connection.send(b'{"body":"half')
    assert writer.get(entries).json()["entries"] == []
