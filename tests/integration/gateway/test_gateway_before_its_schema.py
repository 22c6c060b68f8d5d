"""A gateway may be started beside the one that migrates, as a cluster does: it waits for its schema."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx

from gateway.db.migrations import migrate
from gateway.db.store import Store
from support.backends.nats import NatsServer
from support.backends.postgres import PostgresServer
from support.event_stream import declare_stream
from support.eventually import eventually
from support.gateway_process import GatewayProcess, gateway_env
from support.gateway_store import holder


async def test_it_stays_up_on_an_empty_database_and_serves_once_the_schema_is_there(
    postgres_server: PostgresServer, nats_server: NatsServer, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(postgres_server.create_database, f"gateway_{uuid4().hex}")
    await declare_stream(nats_server.url)
    # Every loop that asks the database asks it soon.
    env = gateway_env(url, nats_server.url, outbox_poll_s=0.05, reconcile_every_s=0.05)
    with GatewayProcess(env, tmp_path / "log") as process:
        async with httpx.AsyncClient(base_url=process.url, trust_env=False, timeout=20) as client:
            await eventually(lambda: _has_tried(process))
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/readyz")).status_code == 503
            refused = await client.get("/v1/journals", headers={"Authorization": f"Bearer dbk_00000000_{'x' * 43}"})
            assert refused.status_code == 503

            await migrate(url)

            async def is_ready() -> bool:
                return (await client.get("/readyz")).status_code == 200

            await eventually(is_ready)
            async with Store(url) as store:
                owner = await holder(store, "read", "write", "admin")
            assert (await client.put("/v1/journals/anna", headers=owner.headers)).status_code == 201
            posted = await client.post("/v1/journals/anna/entries", headers=owner.headers, json={"body": "Rain."})
            assert posted.status_code == 201

            async def is_relayed() -> bool:
                return "daybook_gateway_outbox_events 0.0" in (await client.get("/metrics")).text

            await eventually(is_relayed)
        assert await asyncio.to_thread(process.stop) == 0


async def _has_tried(process: GatewayProcess) -> bool:
    told = {line["event"] for line in process.lines}
    return {"outbox.relay_failed", "reconciler.round_failed"} <= told
