"""The JavaScript of docs/live.md as it stands there, against a gateway. Only what a page does with it is ours."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from contracts.api import RecordReflection
from contracts.events import JournalErased, JournalRef
from contracts.identifiers import new_id
from contracts.live import ReflectionFrame
from gateway.service.keys import authenticate
from gateway.service.reflect import record_reflection
from support.backends.nats import NatsServer, new_nats_server
from support.event_stream import declare_stream
from support.eventually import wait_until
from support.http_gateway import HttpGateway
from support.journal_events import Pen, created, pen_of
from support.node import Page, page
from support.tcp_proxy import TcpProxy

LIVE = (Path(__file__).parents[3] / "docs/live.md").read_text()
DEADLINE_S = 40.0
#: Of the snippets.
JOURNAL = "diary"
TEXT = "You walked home in the rain. It did you good."
#: What a page has around them.
AROUND_WEBSOCKET = """
const { host, id, key } = given;
const show = (text) => say({ text });
const openAgain = () => say("open again");
"""
AROUND_FETCH = """
const { key, base } = given;
const fetch = (address, options) => globalThis.fetch(new URL(address, base), options);
const apply = (event) => say([event.type, event.data.revision ?? null]);
const readTheJournalAnew = async () => say("read anew");
"""


def snippet(words: str) -> str:
    """The one with these words."""
    (found,) = [block for block in re.findall(r"^```js\n(.*?)^```", LIVE, re.MULTILINE | re.DOTALL) if words in block]
    return found


@pytest.fixture(scope="module")
def nats_of_snippets(servers_dir: Path) -> Iterator[NatsServer]:
    with new_nats_server(servers_dir / "snippets-nats") as server:
        asyncio.run(declare_stream(server.url))
        yield server


@pytest.fixture(scope="module")
def serving(http_database: str, nats_of_snippets: NatsServer) -> Iterator[HttpGateway]:
    with HttpGateway(http_database, nats_url=nats_of_snippets.url) as server:
        yield server


@pytest.fixture
def entry(serving: HttpGateway) -> Iterator[str]:
    """With a reflection that is awaited."""
    with serving.client("read", "write", "admin") as writer:
        writer.put(f"/v1/journals/{JOURNAL}")
        entry = writer.post(f"/v1/journals/{JOURNAL}/entries", json={"body": "Rain."}).json()["id"]
        assert writer.post(f"/v1/journals/{JOURNAL}/entries/{entry}/reflection").status_code == 202
        yield entry


@pytest.fixture
async def pen(nats_of_snippets: NatsServer) -> AsyncIterator[Pen]:
    async with pen_of(nats_of_snippets.url) as opened:
        yield opened


def writes(gateway: HttpGateway, entry: str, text: str, run: UUID, state: str = "writing") -> None:
    """As the worker tells it."""
    gateway.hear(
        ReflectionFrame(
            journal=JOURNAL,
            entry_id=UUID(entry),
            version=1,
            run=run,
            state=state,  # type: ignore[arg-type]
            text=text,
        )
    )


def ends(gateway: HttpGateway, entry: str, run: UUID) -> None:
    result = {"text": TEXT, "questions": ["What stayed?"], "provenance": {"model": "m"}}
    report = RecordReflection.model_validate(
        {"journal": JOURNAL, "entry_id": entry, "version": 1, "revision": 1, "result": result}
    )
    key = gateway.new_key("enrich")

    async def record() -> None:
        await record_reflection(gateway.store, await authenticate(gateway.store, f"Bearer {key}"), report)

    gateway.run(record())
    writes(gateway, entry, TEXT, run, "done")


def shows(opened: Page, text: str) -> None:
    """At last: each event shows all there is, whatever it was about."""
    end_s = time.monotonic() + DEADLINE_S
    while (said := opened.hears()) != {"text": text}:
        assert said is not None, f"ended without {text!r}"
        assert set(said) == {"text"}
        assert time.monotonic() < end_s, f"{text!r} was not shown; the last was {said}"


def test_the_websocket_shows_the_words_as_they_come_starts_over_and_ends(
    serving: HttpGateway, entry: str, tmp_path: Path
) -> None:
    given = {"host": f"127.0.0.1:{serving.port}", "id": entry, "key": serving.new_key("read")}
    first = new_id()
    writes(serving, entry, "You ran", first)
    with page(tmp_path, AROUND_WEBSOCKET, snippet("new WebSocket("), **given) as opened:
        shows(opened, "You ran")
        writes(serving, entry, "You ran off", first)
        shows(opened, "You ran off")
        # Made only now: of two within a millisecond any may be the later one.
        second = new_id()
        writes(serving, entry, "You walked", second)
        shows(opened, "You walked")
        ends(serving, entry, second)
        shows(opened, TEXT)
        assert opened.ends() == 0, "it does not come back after the end"


def test_the_websocket_is_opened_again_where_it_was_closed_before_the_end(
    serving: HttpGateway, entry: str, tmp_path: Path
) -> None:
    given = {"host": f"127.0.0.1:{serving.port}", "id": entry, "key": serving.new_key("read")}
    writes(serving, entry, "You ran", new_id())
    with page(tmp_path, AROUND_WEBSOCKET, snippet("new WebSocket("), **given) as opened:
        shows(opened, "You ran")
        with serving.client("read", "write") as writer:
            assert writer.delete(f"/v1/journals/{JOURNAL}/entries/{entry}").status_code == 204
        writes(serving, entry, "", new_id(), "done")  # Else it is noticed when nothing came for a while.
        while (said := opened.hears()) != "open again":
            assert said is not None
        assert opened.ends() == 0


async def test_the_events_are_followed_over_a_cut_without_a_gap_to_the_journals_end(
    serving: HttpGateway, entry: str, pen: Pen, tmp_path: Path
) -> None:
    assert serving.events is not None
    feed = serving.events
    with TcpProxy(serving.port) as proxy:
        given = {"base": f"http://127.0.0.1:{proxy.port}", "key": serving.new_key("read")}
        with page(tmp_path, AROUND_FETCH, snippet("pipeThrough("), **given) as opened:
            await asyncio.to_thread(wait_until, lambda: len(feed._followers) == 1)
            await pen.write(created(JOURNAL, 1), created("others", 7), created(JOURNAL, 2))
            heard = [await asyncio.to_thread(opened.hears) for _ in range(2)]
            proxy.cut()
            await pen.write(created(JOURNAL, 3))
            heard.append(await asyncio.to_thread(opened.hears))
            assert heard == [["entry.created.v1", number] for number in (1, 2, 3)]
            await pen.write(JournalErased(data=JournalRef(journal=JOURNAL)))
            assert await asyncio.to_thread(opened.hears) == ["journal.erased.v1", None]
            assert await asyncio.to_thread(opened.ends) == 0


def test_no_snippet_of_the_page_is_left_out() -> None:
    assert LIVE.count("```js\n") == 2


def test_a_refusal_that_will_not_get_better_ends_the_following(serving: HttpGateway, tmp_path: Path) -> None:
    given = {"base": serving.url, "key": serving.new_key("write")}
    with page(tmp_path, AROUND_FETCH, snippet("pipeThrough("), **given) as opened:
        assert opened.ends() == 0
