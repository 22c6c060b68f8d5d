"""A gateway that is told to stop serves on until nobody sends it more, and lets go of each connection politely."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from support.event_stream import declare_stream
from support.eventually import eventually
from support.gateway_process import GatewayProcess, gateway_env
from support.journal_events import following


@pytest.fixture
def serving(database_url, nats_server, owner, tmp_path):
    """Start one with the time to drain that is given: the owner's client, and the process."""

    @asynccontextmanager
    async def serve(drain_s: float) -> AsyncIterator[tuple[httpx.AsyncClient, GatewayProcess]]:
        await declare_stream(nats_server.url)
        env = gateway_env(database_url, nats_server.url, drain_s=drain_s)
        with GatewayProcess(env, tmp_path / "log") as process:
            async with httpx.AsyncClient(
                base_url=process.url, headers=owner.headers, trust_env=False, timeout=20
            ) as client:
                yield client, process

    return serve


async def _post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/journals/anna/entries", json={"body": "Rain."})


async def test_while_it_drains_it_takes_everything_and_says_to_come_no_more(serving):
    async with serving(60.0) as (client, process), following(client, "anna") as events:
        await events.opened()
        kept_open = await _post(client)
        assert "connection" not in kept_open.headers
        process.tell_to_stop()

        async def is_unready() -> bool:
            return (await client.get("/readyz")).status_code == 503

        await eventually(is_unready)
        ready = await client.get("/readyz")
        assert (ready.json(), ready.headers["retry-after"]) == ({"status": "stopping", "dependencies": {}}, "5")
        assert (await client.get("/healthz")).status_code == 200
        last, another = await _post(client), await _post(client)
        assert [(answer.status_code, answer.headers["connection"]) for answer in (last, another)] == [
            (201, "close")
        ] * 2
        # Streams stay as long as there is time.
        told = {(await events.next()).json()["data"]["entry_id"] for _ in range(3)}
        assert told == {answer.json()["id"] for answer in (kept_open, last, another)}
        # A second signal ends the draining.
        assert await asyncio.to_thread(process.stop) == 0
        assert await events.is_over()


async def test_it_serves_no_longer_than_it_was_given_and_ends_streams_with_a_time_to_come_back(serving):
    async with serving(0.3) as (client, process):
        whole = b""
        async with client.stream("GET", "/v1/journals/anna/events") as answer:
            process.tell_to_stop()
            # Raises where the last chunk is missing.
            async for some in answer.aiter_raw():
                whole += some
        last = whole.decode().rstrip("\n").split("\n")[-1]
        assert 500 <= int(last.removeprefix("retry: ")) <= 2500
        assert await asyncio.to_thread(process.wait) == 0
        with pytest.raises(httpx.ConnectError):
            await client.get("/readyz")
        stopping, drained = (line for line in process.lines if line["event"] in {"gateway.stopping", "gateway.drained"})
        assert (stopping["drain_s"], drained["hurried"]) == (0.3, False)
