"""The board shows each watcher the newest frame, forgets what ended, and lets nobody fill the memory."""

import asyncio
from contextlib import aclosing
from uuid import uuid4

from contracts.identifiers import new_id
from contracts.live import ReflectionFrame
from gateway.live.board import LiveBoard

ENTRY = uuid4()


def frame(text: str, *, run=None, state: str = "writing", entry_id=ENTRY) -> ReflectionFrame:
    return ReflectionFrame(journal="anna", entry_id=entry_id, version=1, run=run or RUN, state=state, text=text)


RUN = new_id()


async def test_who_comes_late_sees_what_is_there_at_once():
    board = LiveBoard()
    board.hear(frame("You walked"))
    async with aclosing(board.watch(ENTRY, 1, idle_s=5)) as frames:
        seen = await anext(frames)
        assert seen.text == "You walked"
        board.hear(frame("You walked home"))
        assert (await anext(frames)).text == "You walked home"


async def test_a_slow_watcher_sees_larger_steps_and_misses_no_end():
    board = LiveBoard()
    async with aclosing(board.watch(ENTRY, 1, idle_s=5)) as frames:
        board.hear(frame("a"))
        assert (await anext(frames)).text == "a"
        for length in range(2, 1000):
            board.hear(frame("a" * length))
        board.hear(frame("a" * 1000, state="done"))
        last = await anext(frames)
        assert (len(last.text), last.state) == (1000, "done")


async def test_every_watcher_is_woken():
    board = LiveBoard()

    async def first_text() -> str:
        async with aclosing(board.watch(ENTRY, 1, idle_s=5)) as frames:
            return (await anext(frames)).text

    watching = [asyncio.create_task(first_text()) for _ in range(5)]
    await asyncio.sleep(0)
    board.hear(frame("hello"))
    assert await asyncio.gather(*watching) == ["hello"] * 5


async def test_silence_is_told():
    board = LiveBoard()
    async with aclosing(board.watch(ENTRY, 1, idle_s=0.01)) as frames:
        assert await anext(frames) is None


async def test_frames_of_an_attempt_that_was_replaced_are_dropped():
    board = LiveBoard()
    older, newer = RUN, new_id()
    board.hear(frame("new words", run=newer))
    board.hear(frame("old words", run=older))
    async with aclosing(board.watch(ENTRY, 1, idle_s=5)) as frames:
        assert (await anext(frames)).text == "new words"


async def test_what_ended_is_forgotten_when_nobody_watches():
    board = LiveBoard()
    board.hear(frame("a"))
    board.hear(frame("a", state="done"))
    async with aclosing(board.watch(ENTRY, 1, idle_s=0.01)) as frames:
        assert await anext(frames) is None


async def test_what_is_tried_again_is_kept_though_nobody_watches():
    board = LiveBoard()
    board.hear(frame("", state="retrying"))
    async with aclosing(board.watch(ENTRY, 1, idle_s=0.01)) as frames:
        seen = await anext(frames)
        assert seen is not None
        assert seen.state == "retrying"


async def test_a_runaway_sender_does_not_fill_the_memory():
    board = LiveBoard()
    for _ in range(3000):
        board.hear(frame("a", entry_id=uuid4()))
    assert len(board._writings) <= 1000


async def test_watching_ends_with_the_gateway():
    board = LiveBoard()
    watching = asyncio.create_task(anext(board.watch(ENTRY, 1, idle_s=60), "ended"))
    await asyncio.sleep(0)
    board.close()
    assert await watching == "ended"
