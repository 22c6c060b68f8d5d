"""The tables about batches, and the page around them (`embed_page.md`): what its words claim, these figures fill in."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from embed_bare import BareFigures, Memory, median_ratio
from embed_pipeline import Run, per_second, times_as_fast

#: The sizes that the page argues with. 32 is what ENRICHMENT_EMBED_BATCH is if nobody sets it.
ONE, FEW, CHOSEN, MANY = 1, 8, 32, 64


@dataclass(frozen=True)
class Figures:
    sizes: tuple[int, ...]
    texts: int
    memory: dict[int, Memory]
    bare: BareFigures
    runs: dict[int, list[Run]]


def bare_table(bare: BareFigures, memory: dict[int, Memory], count: int, sizes: Sequence[int]) -> str:
    head = (
        "| texts a call | texts/s | beside 1 | a call, ms | with one bad text, ms | a question behind it, ms "
        "| after it was cancelled, ms | memory, MB |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for size in sizes:
        rate = count / statistics.median(bare.all_s[size])
        waits = (bare.good_s, bare.bad_s, bare.behind_s, bare.cancelled_s)
        shown = " | ".join(f"{median_ms(samples[size]):,.0f}" for samples in waits)
        ratio = median_ratio(bare.all_s, size, sizes[0])
        lines.append(f"| {size} | {rate:.1f} | {ratio:.2f} | {shown} | {memory[size].most_mb:.0f} |")
    return "\n".join(lines)


def pipeline_table(runs: dict[int, list[Run]], sizes: Sequence[int]) -> str:
    one = runs[sizes[0]]
    head = (
        "| entries a task, at most | on average | embedded again, entries/s | beside 1 | from POST, entries/s "
        "| beside 1 | first, s | p50, s | p95, s | alone, ms |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|"]
    for size in sizes:
        of = runs[size]
        waits = [wait for run in of for wait in run.waits_s]
        batch = statistics.mean(events for run in of for events in run.batches)
        first_s = statistics.median(min(run.waits_s) for run in of)
        lines.append(
            f"| {size} | {batch:.1f} | {per_second(of, 'again_s'):.1f} | {times_as_fast(of, one, 'again_s'):.2f} "
            f"| {per_second(of, 'posted_s'):.1f} | {times_as_fast(of, one, 'posted_s'):.2f} | {first_s:.2f} "
            f"| {statistics.median(waits):.2f} | {statistics.quantiles(waits, n=20)[-1]:.2f} | {alone_ms(of):.0f} |"
        )
    return "\n".join(lines)


def page(about: str, figures: Figures) -> str:
    """Needs the four sizes that the argument names."""
    bare, runs = figures.bare, figures.runs

    def each(figure: Callable[[int], float]) -> dict[int, float]:
        return {size: figure(size) for size in (ONE, FEW, CHOSEN, MANY)}

    template = (Path(__file__).parent / "embed_page.md").read_text(encoding="utf-8")
    return template.format(
        about=about,
        bare=bare_table(bare, figures.memory, figures.texts, figures.sizes),
        pipeline=pipeline_table(runs, figures.sizes),
        loaded_mb=figures.memory[ONE].loaded_mb,
        again=each(lambda size: times_as_fast(runs[size], runs[ONE], "again_s")),
        posted=each(lambda size: times_as_fast(runs[size], runs[ONE], "posted_s")),
        calls=each(lambda size: median_ratio(bare.all_s, size, ONE)),
        alone_ms=each(lambda size: alone_ms(runs[size])),
        behind_ms=each(lambda size: median_ms(bare.behind_s[size])),
        cancelled_ms=each(lambda size: median_ms(bare.cancelled_s[size])),
        call_ms=each(lambda size: median_ms(bare.good_s[size])),
        bad_ms=median_ms(bare.bad_s[CHOSEN]) - median_ms(bare.good_s[CHOSEN]),
        most_mb=each(lambda size: figures.memory[size].most_mb),
    )


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def alone_ms(runs: Sequence[Run]) -> float:
    return median_ms([wait for run in runs for wait in run.alone_s])
