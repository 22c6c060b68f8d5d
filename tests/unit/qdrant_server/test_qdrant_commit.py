import asyncio

import pytest

from devstack.qdrant.commit import GroupCommit


class Store:
    """Counts its flushes; fails the first `failures` of them."""

    def __init__(self, failures=0):
        self.failures = failures
        self.flushes = 0

    def flush(self):
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")
        self.flushes += 1


async def test_writes_of_one_turn_share_one_flush():
    commit, store = GroupCommit(), Store()

    async def write():
        await asyncio.shield(commit.begin(store))
        assert store.flushes == 1

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(write())
    assert store.flushes == 1


async def test_each_store_that_was_written_to_is_flushed():
    commit, first, second = GroupCommit(), Store(), Store()
    commit.begin(first)
    await commit.begin(second)
    assert (first.flushes, second.flushes) == (1, 1)


async def test_a_failed_flush_is_told_to_every_waiter_and_made_up_for_by_the_next_round():
    commit, broken, other = GroupCommit(), Store(failures=1), Store()
    waiters = [commit.begin(broken), commit.begin(broken)]
    for waiter in waiters:
        with pytest.raises(OSError, match="no space"):
            await waiter
    await commit.begin(other)
    assert (broken.flushes, other.flushes) == (1, 1)


async def test_a_waiter_that_goes_away_does_not_take_the_others_along():
    commit, store = GroupCommit(), Store()

    async def write():
        await asyncio.shield(commit.begin(store))
        return True

    leaver, stayer = asyncio.create_task(write()), asyncio.create_task(write())
    await asyncio.sleep(0)
    leaver.cancel()
    assert await stayer
