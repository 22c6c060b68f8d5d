"""Entries enriched a second by 1, 2 and 4 workers, and taken in a second by 1 and 2 gateways, over one of each store.

The model is a scripted Ollama of a fixed latency, which answers as many calls at once as come: workers are measured,
and not a model. All numbers of workers take turns in each round; ratios are made within a round.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scale_bursts import Burst, measure_gateways, measure_workers
from scale_report import gateways_table, page, workers_table

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.qdrant.server import QdrantServer
from support.enrichment import USER, Daybook

WORKERS, GATEWAYS = (1, 2, 4), (1, 2)
#: Latency of a model's answer in seconds, and so many entries: one worker takes some twenty seconds for them.
LATENCIES = {1.0: 40, 0.25: 160}


@contextmanager
def scripted_ollama(latency_s: float) -> Generator[str]:
    """Its address. In a process of its own, so that it costs the clients of this one nothing."""
    command = [sys.executable, "-m", "support.scripted_ollama", "--latency-s", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def a_daybook() -> Generator[Daybook]:
    """Stores, durable as a stack's are, and one gateway."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="daybook-bench-")))
        # PostgreSQL runs as another user where this runs as root.
        directory.chmod(0o755)
        nats = stack.enter_context(NatsServer(directory / "nats", users=(USER,)))
        postgres = stack.enter_context(PostgresServer(directory / "postgres"))
        qdrant = stack.enter_context(QdrantServer(directory / "qdrant"))
        address = stack.enter_context(scripted_ollama(min(LATENCIES)))
        yield stack.enter_context(Daybook(directory, nats, postgres, qdrant).serving(address))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--intake-s", type=float, default=5.0, help="how long entries are taken in, each time")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    before = os.getloadavg()
    workers: dict[float, list[list[Burst]]] = {}
    with a_daybook() as daybook:
        for latency_s, entries in LATENCIES.items():
            with scripted_ollama(latency_s) as daybook.ollama_url:
                workers[latency_s] = measure_workers(daybook, WORKERS, entries, options.rounds)
            print(workers_table(latency_s, workers[latency_s]), flush=True)
        gateways = measure_gateways(daybook, GATEWAYS, options.intake_s, options.rounds)
        print(gateways_table(gateways), flush=True)
    loads = f"{before[0]:.1f} in the minute before, {os.getloadavg()[1]:.1f} in the last five, its own included"
    print(f"load: {loads}")
    if options.write:
        options.write.write_text(page(workers, gateways, loads))


if __name__ == "__main__":
    main()
