"""Followers of a journal's events: who may be one, how many there are at once, and how slow one may be."""

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.service.keys import ensure_key
from support.eventually import eventually
from support.http_gateway import HttpGateway
from support.journal_events import DEADLINE_S, Pen, client_of, created, following, revisions
from support.log_lines import log_lines


async def test_it_takes_a_key_that_may_read_this_journal(
    events_gateway: HttpGateway, client: httpx.AsyncClient, diary: str
) -> None:
    for key, status in (
        (None, 401),
        (events_gateway.new_key("write"), 403),
        (events_gateway.new_key("read", journals=("other",)), 404),
    ):
        headers = {"Authorization": f"Bearer {key}" if key else ""}
        assert (await client.get(f"/v1/journals/{diary}/events", headers=headers)).status_code == status
    assert (await client.get("/v1/journals/nobodys/events")).status_code == 404
    assert (await client.head(f"/v1/journals/{diary}/events")).headers["content-type"].startswith("text/event-stream")


async def test_a_key_that_may_not_read_the_journal_any_more_hears_no_more(
    events_gateway: HttpGateway, client: httpx.AsyncClient, pen: Pen, diary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.live.permission.EVERY_S", 0.0)
    revoked, lessened = client_of(events_gateway, "read"), client_of(events_gateway, "read")
    keys = [one.headers["authorization"].removeprefix("Bearer ") for one in (revoked, lessened)]
    async with revoked, lessened, following(revoked, diary) as one, following(lessened, diary) as two:
        for followed in (one, two):
            await followed.opened()
        events_gateway.revoke(keys[0])
        less = ensure_key(events_gateway.store, keys[1], name="test", scopes=["read"], journals=["other"])
        events_gateway.run(less)
        with log_lines() as lines:
            await pen.write(created(diary))
            for followed in (one, two):
                with pytest.raises(StopAsyncIteration):
                    await followed.next()
        assert {line["error"] for line in lines.of("live.broken_off")} == {"KeyInvalid", "JournalNotFound"}
        assert await status_of(revoked, f"/v1/journals/{diary}/events") == 401


async def test_one_stream_more_than_it_serves_is_told_to_come_again(
    serving: Callable[..., HttpGateway], diary: str
) -> None:
    small = serving(event_streams_max=2)
    events = f"/v1/journals/{diary}/events"
    async with client_of(small) as there:
        wanted = [there.build_request("GET", events) for _ in range(8)]
        # At once: each would find room if room were only looked for, and taken later.
        answers = await asyncio.gather(*(there.send(request, stream=True) for request in wanted))
        assert Counter(answer.status_code for answer in answers) == {200: 2, 503: 6}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert json.loads(await refused.aread())["type"] == "urn:daybook:problem:too-many-streams"
        assert int(refused.headers["retry-after"]) > 0
        assert (await there.head(events)).status_code == 200, "it opens none"
        for answer in answers:
            await answer.aclose()

        async def has_room() -> bool:
            return small.streams._count == 0

        await eventually(has_room)


async def status_of(client: httpx.AsyncClient, address: str) -> int:
    async with client.stream("GET", address) as answer:
        return answer.status_code


async def test_streams_of_all_kinds_are_counted_together(serving: Callable[..., HttpGateway], diary: str) -> None:
    small = serving(event_streams_max=1)
    async with client_of(small) as there:
        entry = (await there.post(f"/v1/journals/{diary}/entries", json={"body": "Rain."})).headers["location"]
        await there.post(f"{entry}/reflection")
        report = (await there.post(f"/v1/journals/{diary}/insights", json={"kind": "weekly"})).headers["location"]
        addresses = (f"/v1/journals/{diary}/events", f"{entry}/reflection/live", f"{report}/live")

        async def has_room() -> bool:
            return small.streams._count == 0

        socket_address = f"ws://127.0.0.1:{small.port}{addresses[1]}"
        headers = {"Authorization": there.headers["authorization"]}
        for address in addresses:
            async with there.stream("GET", address) as opened:
                assert opened.status_code == 200
                assert [await status_of(there, other) for other in addresses] == [503] * 3
                with pytest.raises(InvalidStatus) as refused:
                    await connect(socket_address, additional_headers=headers, proxy=None)
                assert json.loads(refused.value.response.body)["type"] == "urn:daybook:problem:too-many-streams"
            await eventually(has_room)
        async with connect(socket_address, additional_headers=headers, proxy=None):
            assert await status_of(there, addresses[0]) == 503
        await eventually(has_room)


async def test_who_is_slow_is_dropped_and_comes_back_for_the_rest(
    events_gateway: HttpGateway, client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    """The events here are far larger than any, to fill what lies between."""
    places = events_gateway.streams
    padding = "x" * 300_000
    async with following(client, diary) as other:
        last_id = (await other.opened()).last_id
        with socket.create_connection(("127.0.0.1", events_gateway.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            head = f"GET /v1/journals/{diary}/events HTTP/1.1\r\nHost: x\r\n"
            deaf.sendall(f"{head}Authorization: {client.headers['Authorization']}\r\n\r\n".encode())

            async def are(count: int) -> bool:
                return places._count == count

            await eventually(lambda: are(2))
            written, end_s = 0, time.monotonic() + DEADLINE_S
            while places._count == 2:
                assert time.monotonic() < end_s, "nobody was dropped"
                await asyncio.sleep(0.02)  # The time to send must pass: no number of events is enough by itself.
                written += 1
                event = {**created(diary, written).model_dump(mode="json"), "padding": padding}
                await pen.write_raw(json.dumps(event).encode())
                assert revisions(await other.take(1)) == [written]
    async with following(client, diary, last_id) as back:
        assert revisions(await back.take(written)) == list(range(1, written + 1))
