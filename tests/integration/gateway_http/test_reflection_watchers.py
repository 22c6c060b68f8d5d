"""Watchers of a reflection while it is written: who is refused, who is cut off, and who is too slow."""

import json
import socket
import time
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.domain.errors import StoreUnavailable
from gateway.http.websockets import WebSocketProtocol
from support.http_gateway import HttpGateway
from support.live_reflections import DEADLINE_S, TEXT, Asked, ask_for_reflection, heard, watching
from support.log_lines import log_lines


@pytest.fixture
def asked(gateway: HttpGateway, writer: httpx.Client, journal: str, entries: str) -> Asked:
    return ask_for_reflection(gateway, writer, journal, entries)


@pytest.mark.parametrize("scopes", [(), ("enrich",)])
def test_it_is_refused_before_it_is_accepted(gateway: HttpGateway, asked: Asked, scopes: tuple[str, ...]) -> None:
    key = gateway.new_key(*scopes) if scopes else None
    with pytest.raises(InvalidStatus) as refused, watching(gateway, asked.path, key):
        pass
    assert refused.value.response.status_code == (403 if scopes else 401)
    assert json.loads(refused.value.response.body)["type"].startswith("urn:daybook:problem:")


def test_what_is_not_there_is_refused_before_it_is_accepted(gateway: HttpGateway, asked: Asked) -> None:
    key = gateway.new_key("read", journals=("other",))
    for path, status in (
        (asked.path, 404),
        (f"{asked.path}?version=2", 404),
        ("/v1/journals/x/entries/y/reflection/live", 422),
        (f"{asked.path}?version=2147483648", 422),
        (f"{asked.path}?version=newest", 422),
    ):
        holder = gateway.new_key("read") if path != asked.path else key
        with pytest.raises(InvalidStatus) as refused, watching(gateway, path, holder):
            pass
        assert refused.value.response.status_code == status
        answer = httpx.get(gateway.url + path, headers={"Authorization": f"Bearer {holder}"}, trust_env=False)
        assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_an_entry_that_is_erased_ends_its_stream(gateway: HttpGateway, writer: httpx.Client, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You walked")
        assert heard(opened)["event"] == "written"
        assert writer.delete(asked.entry).status_code == 204
        with pytest.raises(Exception, match="1001"):
            heard(opened)


def test_a_key_that_is_revoked_sees_no_more(
    gateway: HttpGateway, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.live.permission.EVERY_S", 0.0)
    key = gateway.new_key("read")
    with watching(gateway, asked.path, key) as opened:
        asked.writes("You walked")
        assert heard(opened)["text"] == "You walked"
        gateway.revoke(key)
        asked.writes(TEXT)
        with pytest.raises(ConnectionClosed, match="1008"):
            heard(opened)
    with pytest.raises(InvalidStatus, match="401"), watching(gateway, asked.path, key):
        pass


def test_a_key_that_cannot_be_looked_at_goes_on(
    gateway: HttpGateway, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("gateway.live.permission.EVERY_S", 0.0)
    monkeypatch.setattr("gateway.live.permission.require_still_readable", away)
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You walked")
        assert heard(opened)["text"] == "You walked"


def test_a_failure_that_nobody_foresaw_closes_it_as_ours_and_is_logged(
    gateway: HttpGateway, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LookupError("elderflower")

    monkeypatch.setattr("gateway.live.reflections.get_reflection", broken)
    with log_lines() as lines, watching(gateway, asked.path, gateway.new_key("read")) as opened:
        with pytest.raises(ConnectionClosed, match="1011"):
            heard(opened)
        _until(lambda: lines.of("live.closed"))
    (failed,) = lines.of("live.failed")
    assert (failed["error"], failed["level"]) == ("LookupError", "error")
    assert [line["how"] for line in lines.of("live.closed")] == ["failed"]
    assert "elderflower" not in lines.text


def test_who_leaves_is_forgotten(gateway: HttpGateway, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You walked")
        assert heard(opened)["event"] == "written"
    _until(lambda: _watchers(gateway) == 0)


def test_who_is_slow_is_dropped_and_the_others_are_not(
    gateway: HttpGateway, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that reads nothing: the frames here are far larger than a reflection, to fill what lies between."""
    key = gateway.new_key("read")
    with socket.create_connection(("127.0.0.1", gateway.port)) as deaf, watching(gateway, asked.path, key) as opened:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(f"GET {asked.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        _until(lambda: _watchers(gateway) == 2)
        size, end_s = 0, time.monotonic() + DEADLINE_S
        while _watchers(gateway) == 2:
            assert time.monotonic() < end_s, "nobody was dropped"
            time.sleep(0.02)  # The time to send must pass: no number of frames is enough by itself.
            size += 200_000
            asked.writes("x" * size)
            assert len(heard(opened)["text"]) > 0
        asked.ends()
        while (event := heard(opened))["event"] != "ended":
            pass
        assert event["reflection"]["state"] == "done"
    assert [record.msg for record in caplog.records if record.name == "uvicorn.error"] == [], "it is no error"


def test_who_is_slow_is_told_so_over_websocket_once_it_reads_on(gateway: HttpGateway, asked: Asked) -> None:
    key = gateway.new_key("read")
    # While nobody calls `recv` it reads two messages ahead, and the rest waits in the socket.
    with watching(gateway, asked.path, key, max_queue=1, max_size=None, compression=None) as slow:
        _write_until_nobody_watches(asked, gateway)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                slow.recv(timeout=DEADLINE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4008


def test_who_takes_nothing_at_all_over_websocket_is_dropped(
    gateway: HttpGateway, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebSocketProtocol, "linger_s", 0.1)
    upgrade = (
        f"GET {asked.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.new_key('read')}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(upgrade.encode())
        port = deaf.getsockname()[1]
        assert deaf.recv(12) == b"HTTP/1.1 101"
        _write_until_nobody_watches(asked, gateway)
        _until(lambda: port not in gateway.peers())


def _write_until_nobody_watches(asked: Asked, gateway: HttpGateway) -> None:
    """Far more than a reflection has, to fill what lies between."""
    _until(lambda: _watchers(gateway) == 1)
    size = 20_000_000

    def is_dropped() -> bool:
        nonlocal size
        size += 1_000_000
        asked.writes("x" * size)
        return _watchers(gateway) == 0

    _until(is_dropped)


def _watchers(gateway: HttpGateway) -> int:
    async def count() -> int:
        return sum(writing.watchers for writing in gateway.board._writings.values())

    return gateway.run(count())


def _until(condition: Any) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)
