"""What each service's NATS login may do, on a real server: not by reading the lists, but by trying.

On the embedded stack's server, and on one that reads the configuration for containers.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import StreamConfig

import kombu_jetstream
from contracts import subjects
from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM
from devstack.nats import NatsServer
from devstack.permissions import (
    CLIENT,
    ENRICHMENT,
    GATEWAY,
    INSIGHTS,
    TASK_PREFIX,
    inbox_of,
    new_passwords,
    stack_users,
)
from support.container_nats import ContainerNats

#: From a refusal's arrival to its callback.
_TOLD_S = 0.3


class Login:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.refusals: asyncio.Queue[str] = asyncio.Queue()

    async def may_publish(self, subject: str) -> bool:
        await self.client.publish(subject, b"{}")
        return not await self._refused()

    async def may_subscribe(self, subject: str) -> bool:
        await self.client.subscribe(subject)
        return not await self._refused()

    async def _refused(self) -> bool:
        """The server refuses before it answers the ping behind it; the client tells by a task of its own."""
        await self.client.flush(5)
        try:
            async with asyncio.timeout(_TOLD_S):
                await self.refusals.get()
        except TimeoutError:
            return False
        return True


@pytest.fixture(scope="module", params=["embedded", "containers"])
def server(servers_dir: Path, request: pytest.FixtureRequest) -> Iterator[NatsServer | ContainerNats]:
    chosen = NatsServer if request.param == "embedded" else ContainerNats
    with chosen(servers_dir / f"permissions-{request.param}", users=stack_users(new_passwords())) as running:
        yield running


@asynccontextmanager
async def logged_in(server: NatsServer, user: str) -> AsyncIterator[Login]:
    inbox = "_INBOX" if user == GATEWAY else inbox_of(user)

    async def note(error: Exception) -> None:
        login.refusals.put_nowait(str(error))

    client = await nats.connect(server.url_of(user), inbox_prefix=inbox, error_cb=note, allow_reconnect=False)
    login = Login(client)
    try:
        yield login
    finally:
        await client.close()


async def test_nobody_comes_in_without_a_login(server: NatsServer) -> None:
    for url in (server.url, server.url_of(CLIENT).replace("client:", "client:x")):
        client = Client()
        try:
            with pytest.raises(nats.errors.Error, match="Authorization"):
                await client.connect(url, allow_reconnect=False, error_cb=_ignore)
        finally:
            # A refused client keeps its socket until it is closed.
            await client.close()


@pytest.mark.parametrize("user", [ENRICHMENT, INSIGHTS, CLIENT])
async def test_only_the_gateway_publishes_events(server: NatsServer, user: str) -> None:
    event = subjects.event_subject("entry.created.v1")
    async with logged_in(server, user) as login:
        assert not await login.may_publish(event)
    async with logged_in(server, GATEWAY) as gateway:
        assert await gateway.may_publish(event)


@pytest.mark.parametrize("user", [ENRICHMENT, INSIGHTS, CLIENT])
async def test_nobody_but_the_gateway_takes_requests(server: NatsServer, user: str) -> None:
    async with logged_in(server, user) as login:
        assert not await login.may_subscribe(subjects.ENTRIES_GET)
        assert not await login.may_subscribe(f"{subjects.ROOT}.>")
        assert not await login.may_subscribe(">")


@pytest.mark.parametrize("user", [ENRICHMENT, INSIGHTS, CLIENT])
async def test_nobody_reads_the_answers_to_somebody_else(server: NatsServer, user: str) -> None:
    others = [ENRICHMENT, INSIGHTS, CLIENT]
    others.remove(user)
    async with logged_in(server, user) as login:
        assert await login.may_subscribe(f"{inbox_of(user)}.>")
        for inbox in ("_INBOX", *map(inbox_of, others)):
            assert not await login.may_subscribe(f"{inbox}.>")


async def test_a_client_may_not_record_enrichments_nor_send_tasks(server: NatsServer) -> None:
    async with logged_in(server, CLIENT) as client:
        assert await client.may_publish(subjects.ENTRIES_CREATE)
        assert await client.may_publish(subjects.SEARCH)
        assert await client.may_publish(subjects.MOODS_LIST)
        assert not await client.may_publish(subjects.ENRICHMENTS_RECORD)
        assert not await client.may_publish(subjects.MOODS_PAGE)
        assert not await client.may_publish(subjects.EVIDENCE_REPORT)
        assert not await client.may_publish("daybook.tasks.enrichment=2e=mood.0")
        assert not await client.may_publish("$JS.API.STREAM.LIST")


async def test_a_worker_may_not_change_the_streams_of_others(server: NatsServer) -> None:
    await _with_events(server)
    async with logged_in(server, ENRICHMENT) as worker:
        for verb in ("DELETE", "UPDATE", "PURGE", "MSG.GET"):
            assert not await worker.may_publish(f"$JS.API.STREAM.{verb}.{EVENT_STREAM}")
        assert not await worker.may_publish(f"$JS.API.CONSUMER.DELETE.{EVENT_STREAM}.{ENRICHMENT_DURABLE}")
        assert not await worker.may_publish(f"$JS.API.CONSUMER.CREATE.{EVENT_STREAM}.mine")
        assert await worker.may_publish(f"$JS.API.CONSUMER.MSG.NEXT.{EVENT_STREAM}.{ENRICHMENT_DURABLE}")


@pytest.mark.parametrize("user", [ENRICHMENT, INSIGHTS])
async def test_a_worker_may_not_have_its_own_streams_take_the_requests_of_others(server: NatsServer, user: str) -> None:
    """Requests hold keys and text, and a worker reads what its streams hold."""
    async with logged_in(server, user) as worker:
        for spec in kombu_jetstream.stream_specs(TASK_PREFIX):
            await worker.client.request(f"$JS.API.STREAM.CREATE.{spec.name}", json.dumps(spec.config()).encode())
            more = spec.config() | {"subjects": [*spec.subjects, f"{subjects.ROOT}.api.>"]}
            assert not await worker.may_publish(f"$JS.API.STREAM.UPDATE.{spec.name}")
            told = await worker.client.request(f"$JS.API.STREAM.CREATE.{spec.name}", json.dumps(more).encode())
            assert "already in use" in json.loads(told.data)["error"]["description"]


@pytest.mark.parametrize(
    ("user", "own", "others"),
    [
        (
            ENRICHMENT,
            [subjects.ENRICHMENTS_RECORD],
            [subjects.REFLECTIONS_RECORD, subjects.INSIGHTS_RECORD, f"{subjects.ROOT}.live.x"],
        ),
        (
            INSIGHTS,
            [
                subjects.REFLECTIONS_BEGIN,
                subjects.REFLECTIONS_RECORD,
                subjects.INSIGHTS_BEGIN,
                subjects.INSIGHTS_PAGE,
                subjects.INSIGHTS_SAVE,
                subjects.INSIGHTS_RECORD,
                subjects.INSIGHTS_SCHEDULE,
                f"{subjects.ROOT}.live.x",
            ],
            [subjects.ENRICHMENTS_RECORD, subjects.INSIGHTS_REQUEST],
        ),
    ],
)
async def test_a_worker_may_record_its_own_results_and_report_evidence(
    server: NatsServer, user: str, own: list[str], others: list[str]
) -> None:
    async with logged_in(server, user) as worker:
        for subject in [*own, subjects.ENTRIES_GET, subjects.EVIDENCE_REPORT]:
            assert await worker.may_publish(subject), subject
        for subject in [*others, subjects.ENTRIES_CREATE]:
            assert not await worker.may_publish(subject), subject


async def test_the_gateway_answers_whoever_asked(server: NatsServer) -> None:
    async with logged_in(server, GATEWAY) as gateway:

        async def answer(message: nats.aio.msg.Msg) -> None:
            await message.respond(b"here you are")

        await gateway.client.subscribe(subjects.ENTRIES_GET, cb=answer)
        await gateway.client.flush(5)
        for user in (ENRICHMENT, INSIGHTS, CLIENT):
            async with logged_in(server, user) as login:
                assert (await login.client.request(subjects.ENTRIES_GET, b"{}", timeout=5)).data == b"here you are"
    async with logged_in(server, CLIENT) as client:
        with pytest.raises((NoRespondersError, NatsTimeout)):
            await client.client.request(subjects.ENTRIES_GET, b"{}", timeout=1)


async def test_the_gateway_keeps_the_streams_and_cannot_take_them_away(server: NatsServer) -> None:
    await _with_events(server)
    async with logged_in(server, GATEWAY) as gateway:
        for verb in ("DELETE", "PURGE", "MSG.DELETE"):
            assert not await gateway.may_publish(f"$JS.API.STREAM.{verb}.{EVENT_STREAM}"), verb
        for subject in ("$JS.API.STREAM.LIST", "$JS.API.STREAM.INFO.DAYBOOK_TASKS", "$JS.API.STREAM.CREATE.MINE"):
            assert not await gateway.may_publish(subject), subject
        assert not await gateway.may_publish("$JS.API.CONSUMER.CREATE.DAYBOOK_TASKS")
        assert not await gateway.may_publish("daybook.tasks.enrichment=2e=mood.0")
        assert not await gateway.may_publish(f"$JS.ACK.{EVENT_STREAM}.{ENRICHMENT_DURABLE}.1.1.1.0.0")


async def _with_events(server: NatsServer) -> None:
    async with logged_in(server, GATEWAY) as gateway:
        await gateway.client.jetstream().add_stream(StreamConfig(name=EVENT_STREAM, subjects=[subjects.ALL_EVENTS]))


async def _ignore(_error: Exception) -> None:
    """A refused login is raised where it was tried."""
