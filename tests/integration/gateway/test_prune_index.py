"""What the index knows and PostgreSQL does not, as after a restore of an older one, is taken out."""

import uuid

import pytest

from entry_index import EmbeddingModel, EntryIndex, IndexConfig
from gateway.service.create_entry import create_entry
from gateway.service.prune_index import Pruned, prune_index
from support.backends.qdrant import new_qdrant_server
from support.entries import DIMENSION, direction, indexed_entry
from support.gateway_store import draft, pending_events

MODEL = EmbeddingModel("all-minilm", "d1", DIMENSION)


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("prune-qdrant")) as server:
        yield server.url


@pytest.fixture
async def index(qdrant_url):
    async with EntryIndex(IndexConfig(qdrant_url, 10, alias=f"prune-{uuid.uuid4().hex[:8]}")) as opened:
        yield opened


async def _pruned(store, index):
    return ([Pruned(0, 0, 0)] + [found async for found in prune_index(store, index)])[-1]


async def test_unknown_entries_go_and_known_ones_stay(store, owner, index):
    known = (await create_entry(store, owner.principal, "anna", draft())).entry
    await index.ensure(MODEL)
    # More than one page of points.
    many = tuple(direction(axis) for axis in range(60))
    lost = [indexed_entry(journal="anna", vectors=many), indexed_entry(journal="nobody-any-more", vectors=many)]
    await index.upsert_many([*lost, indexed_entry(journal="anna", entry_id=known.id)])
    # A journal that was made anew holds other entries: the same id elsewhere is no excuse.
    await index.upsert(indexed_entry(journal="ben", entry_id=known.id, vectors=(direction(1), direction(2))))
    found = await _pruned(store, index)
    assert (found.unknown >= 2, found.newer) == (True, 0)
    assert await index.entry_revisions("anna") == {known.id: 1}
    assert await index.count("nobody-any-more") == 0
    assert await _pruned(store, index) == Pruned(1, 0, 0)


async def test_an_entry_indexed_in_a_revision_that_was_lost_is_indexed_anew(store, owner, index):
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    await index.ensure(MODEL)
    await index.upsert(indexed_entry(journal="anna", entry_id=entry.id, revision=3))
    # Without it the old revision would be refused as stale.
    assert not await index.upsert(indexed_entry(journal="anna", entry_id=entry.id, revision=1))
    assert (await _pruned(store, index)).newer == 1
    (order,) = [event for event in await pending_events(store) if event.type == "enrichment.requested.v1"]
    assert (order.data.entry_id, order.data.revision, order.data.kinds) == (entry.id, 1, ("embedding",))
    assert await index.upsert(indexed_entry(journal="anna", entry_id=entry.id, revision=1))
    assert await index.entry_revisions("anna") == {entry.id: 1}


async def test_an_index_that_was_never_filled_has_nothing_to_prune(store, index):
    assert await _pruned(store, index) == Pruned(0, 0, 0)
