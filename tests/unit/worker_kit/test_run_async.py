import asyncio
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from worker_kit import DeadlineExceeded, gather_evidence, run_async

ROOT = Path(__file__).parents[3]


class Cleanup:
    """Whether the coroutine's own `finally` ran."""

    def __init__(self) -> None:
        self.done = False

    async def hang(self, started: asyncio.Event | None = None) -> None:
        try:
            if started is not None:
                started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.done = True


@pytest.fixture(autouse=True)
def celerys_handler() -> Iterator[None]:
    """What billiard installs in a pool's child: raise wherever the program happens to be."""

    def raise_here(_number: int, _frame: object) -> None:
        raise SoftTimeLimitExceeded

    previous = signal.signal(signal.SIGUSR1, raise_here)
    yield
    assert signal.getsignal(signal.SIGUSR1) is raise_here
    signal.signal(signal.SIGUSR1, previous)


def test_the_result_comes_back_and_the_loop_is_gone() -> None:
    async def work() -> asyncio.AbstractEventLoop:
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    first, second = (run_async(work(), deadline_s=5) for _ in range(2))
    assert first.is_closed()
    assert second.is_closed()
    assert first is not second


def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    async def work() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        run_async(work(), deadline_s=5)


def test_the_deadline_cancels_the_work_and_says_that_it_may_be_tried_again() -> None:
    cleanup = Cleanup()
    with pytest.raises(DeadlineExceeded) as raised:
        run_async(cleanup.hang(), deadline_s=0.05)
    assert raised.value.deadline_s == 0.05
    assert raised.value.retryable
    assert cleanup.done


def test_a_timeout_of_the_works_own_is_not_taken_for_the_deadline() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run_async(work(), deadline_s=5)


def test_celerys_soft_limit_cancels_the_work_instead_of_breaking_the_loop() -> None:
    for _ in range(30):
        cleanup = Cleanup()

        async def work(cleanup: Cleanup = cleanup) -> None:
            asyncio.get_running_loop().call_later(0.005, os.kill, os.getpid(), signal.SIGUSR1)
            await cleanup.hang()

        with pytest.raises(SoftTimeLimitExceeded):
            run_async(work(), deadline_s=5)
        assert cleanup.done


def test_a_cancellation_by_the_work_itself_is_no_soft_limit() -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        run_async(work(), deadline_s=5)


async def test_inside_a_running_loop_it_refuses_and_leaves_no_coroutine_behind() -> None:
    async def work() -> None:
        raise AssertionError("must not run")

    with pytest.raises(RuntimeError, match="running event loop"):
        run_async(work(), deadline_s=5)


def test_it_works_in_another_thread_where_no_signal_can_be_caught() -> None:
    results: list[int] = []

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    thread = threading.Thread(target=lambda: results.append(run_async(work(), deadline_s=5)))
    thread.start()
    thread.join(5)
    assert results == [7]


def test_the_bridges_own_cost_is_measured_without_the_work() -> None:
    with gather_evidence("kit.slept") as evidence:
        run_async(asyncio.sleep(0.3), deadline_s=5)
        first_s = evidence.bridge_s
        run_async(asyncio.sleep(0.3), deadline_s=5)
    assert 0 < first_s < evidence.bridge_s < 0.2


def test_no_worker_starts_a_loop_anywhere_else() -> None:
    sources = [*ROOT.glob("libs/worker_kit/src/**/*.py"), *ROOT.glob("services/*-worker/src/**/*.py")]
    assert sources
    calls = {
        path.name: len(found)
        for path in sources
        if (found := re.findall(r"asyncio\.(?:run\(|Runner\()|run_until_complete", path.read_text()))
    }
    assert calls == {"_run.py": 1}
