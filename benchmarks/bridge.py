"""What it costs to call asynchronous code from a synchronous task, and how much that is beside inference (ADR 0001).

`python benchmarks/bridge.py [--runs N] [--tasks N] [--write FILE]`. First every option against a server that answers at
once, in one process, interleaved, so that a busy moment strikes them alike; then the same as tasks of a real Celery
worker; then the time of real inference: by the Ollama at OLLAMA_HOST, else by the embedded model server.
"""

import argparse
import multiprocessing
import os
import platform
import random
import socket
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bridge_celery import Round, measure_tasks, ratio
from bridge_inference import inference_s
from bridge_options import C_DAYBOOK, C_NAIVE, LOOPS, NOTHING, A, B, options
from bridge_server import instant_server

from devstack.model_choice import EMBEDDED, choose_models
from devstack.ports import free_port
from devstack.process import ServerProcess

MODELS = Path(__file__).parents[1] / ".daybook" / "models"
#: Timed in one go before the next option's turn.
BLOCK = 10


def measure(url: str, runs: int) -> dict[tuple[str, str], list[float]]:
    """Microseconds of each run, by (option, loop)."""
    works = {(name, loop): work for loop, kind in LOOPS.items() for name, work in options(url, kind).items()}
    # These two know one loop only: none, and the default one.
    works = {key: work for key, work in works.items() if key[0] not in {A, C_DAYBOOK} or key[1] == "asyncio"}
    took: dict[tuple[str, str], list[float]] = {key: [] for key in works}
    for work in works.values():
        work()
    for _ in range(max(2, runs // BLOCK)):  # a p95 wants two of each
        for key in random.sample(list(works), len(works)):
            for _ in range(1 if key[0] == C_NAIVE else BLOCK):
                began_s = time.perf_counter()
                works[key]()
                took[key].append((time.perf_counter() - began_s) * 1e6)
    return took


def bare_table(took: dict[tuple[str, str], list[float]]) -> str:
    medians = {key: statistics.median(values) for key, values in took.items()}
    a, b = medians[A, "asyncio"], medians[B, "asyncio"]
    lines = ["| option | loop | median us | p95 us | beside A | beside B |", "|---|---|---|---|---|---|"]
    for (name, loop), values in took.items():
        median, p95 = medians[name, loop], statistics.quantiles(values, n=20)[-1]
        kind = "none" if name == A else loop
        lines.append(f"| {name} | {kind} | {median:,.0f} | {p95:,.0f} | {median / a:.2f} | {median / b:.2f} |")
    return "\n".join(lines)


def celery_table(found: dict[str, list[Round]]) -> str:
    lines = [
        "| option, in a Celery worker | tasks/s | beside A | beside C, naive | child's CPU, us a task |",
        "|---|---|---|---|---|",
    ]
    for name, rounds in found.items():
        rate = statistics.median(each.tasks_per_s for each in rounds)
        cpu_us = statistics.median(each.cpu_us for each in rounds)
        beside = f"{ratio(found, name, A):.2f} | {ratio(found, name, C_NAIVE):.1f}"
        lines.append(f"| {name} | {rate:,.0f} | {beside} | {cpu_us:,.0f} |")
    return "\n".join(lines)


def share_table(took: dict[tuple[str, str], list[float]], inference: dict[str, float]) -> str:
    whole_s = statistics.median(took[C_DAYBOOK, "asyncio"]) / 1e6
    loop_s = statistics.median(took[NOTHING, "asyncio"]) / 1e6
    lines = ["| work | inference | `asyncio.run` alone | run_async with client and request |", "|---|---|---|---|"]
    for name, seconds in inference.items():
        shares = [f"{cost_s / (seconds + cost_s):.3%}" for cost_s in (loop_s, whole_s)]
        lines.append(f"| {name} | {seconds * 1e3:,.1f} ms | {shares[0]} | {shares[1]} |")
    return "\n".join(lines)


def real_inference(repeats: int) -> tuple[str, dict[str, float]]:
    """(which models, seconds by kind of work)."""
    chosen = choose_models(os.environ.get("OLLAMA_HOST"), embedding_model="nomic-embed-text", chat_model="llama3.2")
    if chosen.url is not None:
        models = f"{chosen.embedding_model} and {chosen.chat_model} of the Ollama at OLLAMA_HOST"
        return models, inference_s(chosen.url, chosen.embedding_model, chosen.chat_model, repeats)
    port = free_port()
    command = [sys.executable, "-m", "devstack.ollama", "--data", str(MODELS), "--port", str(port)]
    server = ServerProcess("models", command, log=MODELS / "bench.log")
    server.start()
    try:
        server.wait_until(lambda: _answers(port), within_s=180)
        url = f"http://127.0.0.1:{port}"
        times = inference_s(url, EMBEDDED.embedding_model, EMBEDDED.chat_model, repeats)
    finally:
        server.stop()
    return f"{EMBEDDED.embedding_model} and {EMBEDDED.chat_model} of the embedded model server", times


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--repeats", type=int, default=5, help="of each kind of inference")
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    with instant_server() as url:
        took = measure(url, chosen.runs)
        print(bare := bare_table(took), flush=True)
        print("\n" + (celery := celery_table(measure_tasks(url, chosen.tasks, chosen.rounds))), flush=True)
    models, inference = real_inference(chosen.repeats)
    print(f"\n{models}\n" + (share := share_table(took, inference)))
    if chosen.write:
        machine = f"{platform.processor() or platform.machine()}, {multiprocessing.cpu_count()} cores"
        chosen.write.write_text(
            f"# The bridge\n\n`make bench-bridge` on {datetime.now(UTC):%Y-%m-%d}, {machine}, Python "
            f"{platform.python_version()}.\n\n## One task's call, against a server that answers at once\n\n"
            f"{chosen.runs} runs each, in random order, in one process.\n\n{bare}\n\n## In a Celery worker\n\n"
            f"Prefork with one child, acks late, NATS as broker. {chosen.rounds} rounds in random order of "
            f"{chosen.tasks} tasks, all sent before the first begins. Ratios are medians over the rounds, each beside "
            "the same round's.\n\n"
            f"{celery}\n\n"
            f"## Beside inference\n\n{models}, one request at a time.\n\n{share}\n"
        )


if __name__ == "__main__":
    main()
