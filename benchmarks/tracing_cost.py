"""What spans cost a task, without a model: `python benchmarks/tracing_cost.py [ENDPOINT]`. Microseconds, medians.

Without an endpoint tracing is off. With one, spans are made, and sent from a thread of their own.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace

from telemetry import configure_tracing, flush_tracing, span
from worker_kit import run_async
from worker_kit._traces import task_span

RUNS, REPEATS = 300, 15


async def nothing() -> None:
    await asyncio.sleep(0)


def run() -> None:
    run_async(nothing(), deadline_s=5)


def one_span() -> None:
    with span("one", attributes={"a": 1, "b": "two"}):
        pass


def traced_task() -> None:
    request = SimpleNamespace(headers=None, id="4d3f", retries=0)
    with task_span(SimpleNamespace(request=request, name="bench"), "bench"):
        run()


def microseconds(work: Callable[[], None]) -> float:
    def once() -> float:
        began_s = time.perf_counter()
        for _ in range(RUNS):
            work()
        return (time.perf_counter() - began_s) / RUNS * 1e6

    once()
    return median(once() for _ in range(REPEATS))


def main() -> None:
    endpoint = sys.argv[1] if len(sys.argv) > 1 else None
    configure_tracing(service="bench", endpoint=endpoint)
    print("tracing", "on" if endpoint else "off")
    for work in (one_span, run, traced_task):
        print(f"{work.__name__:12} {microseconds(work):8.1f} us")
    flush_tracing()


if __name__ == "__main__":
    main()
