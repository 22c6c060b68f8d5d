"""What it brings to embed entries together: bare model calls of several sizes, then the same in the real pipeline.

All sizes take turns in each round, over one stack with the embedded model server, so that a busy moment strikes them
alike; ratios are made within a round, and their median is shown.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from embed_bare import measure_bare, measure_memory
from embed_pipeline import measure_pipeline, worker_settings
from embed_report import CHOSEN, FEW, MANY, ONE, Figures, bare_table, page, pipeline_table
from embed_texts import journal_texts

from devstack.model_choice import EMBEDDED
from devstack.permissions import ENRICHMENT
from devstack.stack import Stack
from devstack.stack_config import StackConfig


def measure(
    stack: Stack, texts: Sequence[str], sizes: Sequence[int], *, rounds: int, alone: int, present: int
) -> Figures:
    """`present` is the batch size that the stack's worker has now; `alone`, entries posted one at a time a round."""
    memory = {size: measure_memory(stack, texts, size) for size in sizes}
    url = f"http://127.0.0.1:{stack.ports['models']}"
    bare = asyncio.run(measure_bare(url, texts, sizes, rounds))
    print(bare_table(bare, memory, len(texts), sizes), flush=True)
    runs = asyncio.run(measure_pipeline(stack, texts, sizes, rounds=rounds, alone=alone, present=present))
    print(pipeline_table(runs, sizes), flush=True)
    return Figures(tuple(sizes), len(texts), memory, bare, runs)


def main() -> None:
    sizes = [ONE, FEW, CHOSEN, MANY]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, help="the others are shown beside the first")
    parser.add_argument("--alone", type=int, default=4, help="entries that are posted one at a time, in each round")
    parser.add_argument("--texts", type=Path, help="JSON lines with a `text` each")
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    if chosen.write and not set(sizes) <= set(chosen.sizes):
        parser.error(f"the page needs the sizes {sizes}")
    began_s, load = time.monotonic(), os.getloadavg()[0]
    source, texts = journal_texts(chosen.texts, chosen.entries)
    present = chosen.sizes[0]
    with TemporaryDirectory(prefix="daybook-bench-") as folder:
        Path(folder).chmod(0o755)
        settings = {ENRICHMENT: worker_settings(present)}
        with Stack(StackConfig(home=Path(folder), models=EMBEDDED, settings=settings), say=print) as stack:
            figures = measure(stack, texts, chosen.sizes, rounds=chosen.rounds, alone=chosen.alone, present=present)
    words = statistics.median(len(text.split()) for text in texts)
    about = (
        f"`make bench-embed` on {datetime.now(UTC):%Y-%m-%d}, {platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}; load {load:.1f} before, it took "
        f"{time.monotonic() - began_s:.0f} s.\n{len(texts)} texts: {source}, {words:.0f} words in the median. "
        f"{EMBEDDED.embedding_model} on the embedded model server, CPU, one thread.\nAll sizes in random order in each "
        f"of {chosen.rounds} rounds; ratios are medians of those within a round."
    )
    print(about)
    if chosen.write:
        chosen.write.write_text(page(about, figures))


if __name__ == "__main__":
    main()
