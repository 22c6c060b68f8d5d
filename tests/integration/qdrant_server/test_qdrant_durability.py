import asyncio
import random
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from devstack.qdrant.server import QdrantServer

WRITERS = 3
BATCH = 8


@dataclass
class Truth:
    """What the server has said about each point; of a write that was cut off nothing is known."""

    there: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


@pytest.mark.parametrize("cycles", [3, pytest.param(20, marks=pytest.mark.soak)])
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path, cycles):
    chance = random.Random(cycles)
    truth = Truth()
    server = QdrantServer(tmp_path)
    server.start()
    try:
        async with connected(server) as client:
            await client.create_collection("c", models.VectorParams(size=8, distance=models.Distance.COSINE))
        for _ in range(cycles):
            async with asyncio.TaskGroup() as group:
                for number in range(WRITERS):
                    group.create_task(write_until_cut_off(server, truth, random.Random(chance.random() + number)))
                # Long enough for a vacuum to begin in some cycles: it comes 0.3 to 1 s after a deletion.
                group.create_task(kill_after(server, chance.uniform(0.2, 1.6)))
            server.start()
            async with connected(server) as client:
                found = await all_ids(client)
            assert truth.there - found == set()
            assert truth.gone & found == set()
    finally:
        server.stop()
    # The killing struck work in hand: a busy machine writes less, but never this little.
    assert len(truth.there) > 20 * cycles
    assert truth.gone


async def write_until_cut_off(server, truth, chance):
    async with connected(server) as client:
        with pytest.raises(ResponseHandlingException) as cut_off:
            await write_for_ever(client, truth, chance)
    assert isinstance(cut_off.value.source, httpx.TransportError)


async def write_for_ever(client, truth, chance):
    while True:
        ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(BATCH)]
        await client.upsert("c", [point(each, chance) for each in ids], wait=True)
        truth.there.update(ids)
        erased = chance.sample(ids, 2)
        truth.there.difference_update(erased)
        await client.delete("c", models.PointIdsList(points=erased), wait=True)
        truth.gone.update(erased)


async def kill_after(server, delay_s):
    await asyncio.sleep(delay_s)
    # In a thread: the writers must see the connection break while this waits for the process to be gone.
    await asyncio.to_thread(server.process.kill)


def point(point_id, chance):
    return models.PointStruct(id=point_id, vector=[chance.random() for _ in range(8)], payload={"note": point_id})


@asynccontextmanager
async def connected(server):
    client = AsyncQdrantClient(
        url=server.url, check_compatibility=False, limits=httpx.Limits(max_keepalive_connections=2)
    )
    try:
        yield client
    finally:
        await client.close()


async def all_ids(client):
    ids, offset = set(), None
    while True:
        records, offset = await client.scroll("c", limit=10_000, offset=offset, with_payload=False)
        ids |= {record.id for record in records}
        if offset is None:
            return ids
