import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from devstack.qdrant import compaction
from devstack.qdrant.compaction import Compactor


class Store:
    def __init__(self, failures=0):
        self.vacuum_due = True
        self.failures = failures
        self.vacuums = 0

    def vacuum(self):
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")
        self.vacuums += 1
        self.vacuum_due = False


class Stores:
    def __init__(self, *collections):
        self.collections = list(collections)


@asynccontextmanager
async def running(compactor):
    task = asyncio.create_task(compactor.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition, *, while_doing=lambda: None):
    async with asyncio.timeout(5):
        while not condition():
            while_doing()
            await asyncio.sleep(0.01)


async def test_a_quiet_server_is_vacuumed_at_once_and_only_where_it_is_due():
    due, clean = Store(), Store()
    clean.vacuum_due = False
    async with running(Compactor(Stores(due, clean))):
        await until(lambda: due.vacuums)
    assert clean.vacuums == 0


async def test_a_busy_server_is_vacuumed_all_the_same():
    store = Store()
    compactor = Compactor(Stores(store))
    started = asyncio.get_running_loop().time()
    async with running(compactor):
        await until(lambda: store.vacuums, while_doing=compactor.saw_request)
    assert asyncio.get_running_loop().time() - started > compaction._PATIENCE_S


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(compaction, "_RETRY_S", 0.01)


async def test_a_vacuum_that_failed_is_tried_again(at_once):
    store = Store(failures=2)
    async with running(Compactor(Stores(store))):
        await until(lambda: store.vacuums)
    assert store.failures == 0
