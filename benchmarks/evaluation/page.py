"""The figures as tables, and their place in docs/quality.md."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from evaluation.moods import MoodRun
from evaluation.reflections import FAULTS, ReflectionRun
from evaluation.retrieval import Search, retrieval_scores
from evaluation.run import HALVES, Figures
from evaluation.scores import Outcome, Share, best_constant, chance, confusion, score
from evaluation.texts import LABELS
from worker_kit import ModelFacts

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
_DIGEST_CHARS = 12


def report(figures: Figures, command: str) -> str:
    where = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    parts = [
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {where}, Python {platform.python_version()}.",
        _models(figures),
        "### Moods",
        _moods(figures),
        *(_confusion(name, run) for name, runs in figures.moods.items() for run in runs),
        "### Search",
        _searches(figures),
    ]
    if figures.reflections:
        parts += ["### Reflections", _reflections(figures.reflections)]
    return "\n\n".join(parts) + "\n"


def write(page: Path, text: str) -> None:
    """Between the two marks of the page; what stands around them is left as it is."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _models(figures: Figures) -> str:
    rows = [("embeddings", _named(figures.embedding), _version(figures, "prototypes"))]
    rows += [
        ("chat", _named(run.model), f"mood {_version(figures, 'llm')}, reflection {run.prompt_version}")
        for run in figures.reflections
    ]
    return _table(("for", "model, digest of its weights", "prompt or exemplar version"), rows)


def _version(figures: Figures, method: str) -> str:
    return next(run.prompt_version for runs in figures.moods.values() for run in runs if run.method == method)


def _moods(figures: Figures) -> str:
    rows: list[Sequence[str]] = []
    for name, runs in figures.moods.items():
        for run in runs:
            for half in HALVES:
                outcomes = [one for one in run.outcomes if one.text.half == half]
                if outcomes:
                    rows.append((name, half, f"{run.method}, {run.model.name}", *_mood_cells(outcomes)))
    heads = (
        "texts of", "half", "method", "texts", "answered", "right, of answered", "right, of all", "best word, of all",
        "macro F1", "valence AUC", "invalid", "always one label", "chance",
    )  # fmt: skip
    return _table(heads, rows)


def _mood_cells(outcomes: Sequence[Outcome]) -> Sequence[str]:
    found = score(outcomes)
    texts = [one.text for one in outcomes]
    label, constant = best_constant(texts)
    return (
        str(found.texts),
        f"{found.coverage:.0%}",
        _share(found.right_of_answered),
        _share(found.right_of_all),
        f"{found.nearest_of_all:.0%}",
        f"{found.macro_f1:.2f}",
        _auc(found.valence_auc),
        f"{found.invalid:.0%}",
        f"{constant:.0%} ({label})",
        f"{chance(texts):.0%}",
    )


def _confusion(name: str, run: MoodRun) -> str:
    table = confusion(run.outcomes)
    answers = [*LABELS, "none", "invalid"]
    columns = [answer for answer in answers if any(row[answer] for row in table.values())]
    rows = [(gold, *(str(table[gold][answer] or "") for answer in columns)) for gold in LABELS if gold in table]
    title = f"What was meant (rows) and answered, {name} texts, {run.method}, {run.model.name}:"
    return f"{title}\n\n{_table(('', *columns), rows)}"


def _searches(figures: Figures) -> str:
    rows: list[Sequence[str]] = []
    for name, searches in figures.searches.items():
        for found in retrieval_scores(searches):
            shared = _recall([one for one in searches if one.mode == found.mode and one.shares_words])
            other = _recall([one for one in searches if one.mode == found.mode and not one.shares_words])
            recalls = [f"{found.recall[depth]:.2f}" for depth in (1, 5, 10)]
            rows.append((name, found.mode, str(found.queries), *recalls, f"{found.mrr:.2f}", shared, other))
    heads = (
        "texts of", "mode", "queries", "recall@1", "recall@5", "recall@10", "MRR@10",
        "recall@10, shares a word", "recall@10, shares none",
    )  # fmt: skip
    total = sum(map(len, figures.sets.values()))
    return f"{total} entries are in the index, of both sets together.\n\n{_table(heads, rows)}"


def _recall(searches: Sequence[Search]) -> str:
    if not searches:
        return "-"
    return f"{sum(one.rank is not None for one in searches) / len(searches):.2f} ({len(searches)})"


def _reflections(runs: Sequence[ReflectionRun]) -> str:
    rows: list[Sequence[str]] = []
    for run in runs:
        for half in HALVES:
            part = run.of_half(half)
            if part.reflected:
                shares = [f"{part.fault_shares[fault]:.0%}" for fault in FAULTS]
                rows.append(
                    (
                        run.model.name, half, str(len(part.reflected)), f"{part.passed:.0%}", f"{part.invalid:.0%}",
                        *shares, f"{part.mean_sentences:.1f}", f"{part.mean_taken_up:.1f}",
                    )
                )  # fmt: skip
    heads = ("model", "half", "entries", "pass all", "invalid", *FAULTS, "sentences, mean", "words taken up, mean")
    return _table(heads, rows)


def _named(model: ModelFacts) -> str:
    return f"{model.name}, `{model.digest[:_DIGEST_CHARS]}`"


def _share(share: Share | None) -> str:
    return f"{share.value:.0%} ({share.low:.0%}-{share.high:.0%})" if share else "-"


def _auc(share: Share | None) -> str:
    return f"{share.value:.2f} ({share.low:.2f}-{share.high:.2f})" if share else "-"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)
