"""The events of a journal over HTTP, from a real event stream: resumed, filtered, shared by many."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from contracts.events import EnrichmentRef, EntryEnriched, JournalErased, JournalRef
from contracts.identifiers import new_id
from support.backends.nats import NatsServer
from support.event_stream import declare_stream
from support.http_gateway import HttpGateway
from support.journal_events import DEADLINE_S, KEPT, Pen, client_of, created, following, pen_of, revisions


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
