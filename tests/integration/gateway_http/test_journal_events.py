"""The events of a journal over HTTP, from a real event stream: resumed, filtered, shared by many."""

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from contracts.events import EnrichmentRef, EntryEnriched, JournalErased, JournalRef
from contracts.identifiers import new_id
from gateway.service.keys import ensure_key
from support.backends.nats import NatsServer, new_nats_server
from support.event_stream import declare_stream
from support.eventually import eventually
from support.http_gateway import HttpGateway
from support.journal_events import DEADLINE_S, Pen, created, following, pen_of, revisions
from support.log_lines import log_lines

KEPT = 8


@pytest.fixture(scope="module")
def nats_of_events(servers_dir: Path) -> Iterator[NatsServer]:
    """Its own: the stream is torn down here."""
    with new_nats_server(servers_dir / "events-nats") as server:
        asyncio.run(declare_stream(server.url))
        yield server


@pytest.fixture(scope="module")
def serving(http_database: str, nats_of_events: NatsServer) -> Iterator[Callable[..., HttpGateway]]:
    """Starts a gateway; the caller may stop it before the end."""
    with ExitStack() as stack:

        def start(**options: object) -> HttpGateway:
            options = {"nats_url": nats_of_events.url, "events_kept": KEPT, **options}
            return stack.enter_context(HttpGateway(http_database, **options))  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="module")
def events_gateway(serving: Callable[..., HttpGateway]) -> HttpGateway:
    return serving()


@pytest.fixture
async def client(events_gateway: HttpGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(events_gateway) as opened:
        yield opened


@pytest.fixture
async def pen(nats_of_events: NatsServer) -> AsyncIterator[Pen]:
    async with pen_of(nats_of_events.url) as opened:
        yield opened


@pytest.fixture
async def diary(client: httpx.AsyncClient) -> str:
    return await new_journal(client)


@pytest.fixture
async def foreign(client: httpx.AsyncClient) -> str:
    return await new_journal(client)


def client_of(gateway: HttpGateway, *scopes: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {gateway.new_key(*(scopes or ('read', 'write', 'admin')))}"}
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False, timeout=DEADLINE_S, limits=limits)


async def new_journal(client: httpx.AsyncClient) -> str:
    name = f"e-{uuid4().hex[:12]}"
    assert (await client.put(f"/v1/journals/{name}")).status_code == 201
    return name


async def test_an_event_comes_as_it_is_in_the_stream(client: httpx.AsyncClient, pen: Pen, diary: str) -> None:
    event = created(diary)
    async with following(client, diary) as followed:
        await followed.opened()
        await pen.write(event)
        seen = await followed.next()
    assert (seen.event, seen.data) == ("entry.created.v1", event.model_dump_json(exclude_none=True))
    assert seen.id


async def test_nothing_of_other_journals_is_shown(
    client: httpx.AsyncClient, pen: Pen, diary: str, foreign: str
) -> None:
    async with following(client, diary) as followed:
        await followed.opened()
        before = followed.last_id
        for number in range(1, 4 * KEPT):
            await pen.write(created(foreign, number), created(diary, number))
        live = await followed.take(4 * KEPT - 1)
    async with following(client, diary, before) as followed:
        from_the_stream = await followed.take(4 * KEPT - 1)
    for seen in (live, from_the_stream):
        assert {event.json()["data"]["journal"] for event in seen} == {diary}
        assert revisions(seen) == list(range(1, 4 * KEPT))


async def test_who_comes_back_misses_nothing_and_hears_nothing_twice(
    client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    seen: list[int] = []
    last_id = None
    for turn in range(3):
        async with following(client, diary, last_id) as followed:
            await followed.opened()
            await pen.write(created(diary, 3 * turn + 2))
            seen += revisions(await followed.take(1 if turn == 0 else 3))
            last_id = followed.last_id
        await pen.write(created(diary, 3 * turn + 3), created(diary, 3 * turn + 4))
    assert seen == list(range(2, 9))


async def test_who_was_away_longer_than_the_gateway_remembers_reads_on_from_the_stream(
    client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    async with following(client, diary) as followed:
        last_id = (await followed.opened()).last_id
    await pen.write(*(created(diary, number) for number in range(1, 700)))
    async with following(client, diary, last_id) as followed:
        caught_up = asyncio.create_task(followed.take(699))
        while not caught_up.done():  # It goes on while the old ones are read.
            await pen.write(created(diary, 0))
        assert revisions(await caught_up) == list(range(1, 700))
        await pen.write(created(diary, 1000))
        while (event := await followed.next()).json()["data"]["revision"] == 0:
            pass
        assert revisions([event]) == [1000]


async def test_the_ids_are_the_same_at_every_gateway_and_after_a_restart(
    serving: Callable[..., HttpGateway], client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    first = serving()
    async with client_of(first) as there, following(there, diary) as followed, following(client, diary) as beside:
        await followed.opened()
        await beside.opened()
        await pen.write(created(diary, 1))
        last = await followed.next()
        assert last.id == (await beside.next()).id
        await pen.write(created(diary, 2))
        began_s = time.monotonic()
        await asyncio.to_thread(first.__exit__)
        while not await followed.is_over():
            pass
        assert time.monotonic() - began_s < 5
    second = serving()
    async with client_of(second) as there, following(there, diary, last.id) as followed:
        await pen.write(created(diary, 3))
        assert revisions(await followed.take(2)) == [2, 3]


async def test_two_hundred_followers_hear_each_event_once(
    events_gateway: HttpGateway, client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    request = f"GET /v1/journals/{diary}/events HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}"

    async def follow(begun: asyncio.Semaphore) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", events_gateway.port)
        writer.write(f"{request}\r\n\r\n".encode())
        await reader.readuntil(b": here")
        begun.release()
        heard = [await reader.readuntil(b'"revision":') + await reader.readuntil(b"}") for _ in range(20)]
        writer.close()
        return [int(one.rpartition(b":")[2].strip(b"}")) for one in heard]

    begun = asyncio.Semaphore(0)
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as group:
        followers = [group.create_task(follow(begun)) for _ in range(200)]
        for _ in followers:
            await begun.acquire()
        await pen.write(*(created(diary, number) for number in range(20)))
    assert Counter(tuple(follower.result()) for follower in followers) == {tuple(range(20)): 200}


async def test_the_last_event_of_a_journal_is_its_end(
    client: httpx.AsyncClient, pen: Pen, diary: str, foreign: str
) -> None:
    async with following(client, diary, types="entry.enriched.v1") as followed:
        await followed.opened()
        await pen.write(JournalErased(data=JournalRef(journal=foreign)), JournalErased(data=JournalRef(journal=diary)))
        assert (await followed.next()).event == "journal.erased.v1"
        assert await followed.is_over()


async def test_only_the_asked_types_come(client: httpx.AsyncClient, pen: Pen, diary: str) -> None:
    enriched = EntryEnriched(data=EnrichmentRef(journal=diary, entry_id=new_id(), revision=1, kind="mood"))
    async with following(client, diary, types=["entry.enriched.v1", "entry.erased.v1"]) as followed:
        await followed.opened()
        await pen.write(created(diary), enriched)
        assert (await followed.next()).event == "entry.enriched.v1"
    refused = await client.get(f"/v1/journals/{diary}/events", params={"types": "entry.forgotten.v1"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/types")


async def test_what_is_no_event_is_passed_over(client: httpx.AsyncClient, pen: Pen, diary: str) -> None:
    newer = {"type": "entry.read.v1", "data": {"journal": diary}, "novel": True}
    async with following(client, diary) as followed:
        last_id = (await followed.opened()).last_id
        for body in (b"\xff", b"[]", b'{"type":1}', json.dumps(newer).encode()):
            await pen.write_raw(body)
        assert (await followed.next()).json() == newer
    await pen.write(*(created(diary) for _ in range(2 * KEPT)))
    async with following(client, diary, last_id) as followed:
        assert (await followed.next()).json() == newer


@pytest.mark.parametrize("last_id", ["", "7", "nonsense", "99999999999-0", "1-0"])
async def test_an_id_that_cannot_be_gone_on_from_is_answered_by_a_reset(
    client: httpx.AsyncClient, pen: Pen, diary: str, last_id: str
) -> None:
    async with following(client, diary, last_id or None) as followed:
        await followed.opened()
        here = followed.last_id
    if not last_id:
        sequence, _, epoch = here.partition("-")
        last_id = f"{int(sequence) + 1000}-{epoch}"
    async with following(client, diary, last_id) as followed:
        assert (await followed.next()).event == "reset"
        await pen.write(created(diary, 5))
        event = await followed.next()
        assert revisions([event]) == [5]
    async with following(client, diary, here) as followed:
        assert (await followed.next()).id == event.id


async def test_events_that_have_expired_are_answered_by_a_reset(
    client: httpx.AsyncClient, pen: Pen, diary: str
) -> None:
    async with following(client, diary) as followed:
        last_id = (await followed.opened()).last_id
    await pen.write(*(created(diary, number) for number in range(2 * KEPT)))
    await pen.forget_all()
    async with following(client, diary, last_id) as followed:
        assert (await followed.next()).event == "reset"
        await pen.write(created(diary, 77))
        assert revisions(await followed.take(1)) == [77]


async def test_a_stream_that_was_made_anew_is_told_to_all_and_goes_on(
    client: httpx.AsyncClient, nats_of_events: NatsServer, pen: Pen, diary: str
) -> None:
    async with following(client, diary) as followed:
        await followed.opened()
        await pen.write(created(diary, 1))
        old = (await followed.next()).id
        await pen.tear_down()
        await declare_stream(nats_of_events.url)
        assert (await followed.next()).event == "reset"
        await pen.write(created(diary, 2), created(diary, 3))
        assert revisions(await followed.take(2)) == [2, 3]
    async with following(client, diary, old) as followed:
        assert (await followed.next()).event == "reset"


async def test_while_nats_is_away_streams_stay_open_and_lose_nothing(
    client: httpx.AsyncClient, nats_of_events: NatsServer, diary: str, serving: Callable[..., HttpGateway]
) -> None:
    async with following(client, diary) as followed:
        last_id = (await followed.opened()).last_id
        nats_of_events.stop()
        newborn = serving()
        async with client_of(newborn) as there:
            refused = await there.get(f"/v1/journals/{diary}/events")
            assert refused.json()["type"] == "urn:daybook:problem:events-unavailable"
            assert int(refused.headers["retry-after"]) > 0
        async with following(client, diary, last_id) as late:
            await late.opened()
            nats_of_events.start()  # On this thread: the server ends with the thread that started it.
            async with pen_of(nats_of_events.url) as pen:
                await pen.write(created(diary, 4))
            assert revisions(await followed.take(1)) == revisions(await late.take(1)) == [4]


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
