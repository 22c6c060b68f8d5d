"""What the demo prints: the answers of searches, and the moods of the days."""

from collections.abc import Mapping
from itertools import groupby
from uuid import UUID

from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from contracts.enrichments import EnrichmentView, MoodResult
from contracts.entries import EntryView
from contracts.search import SearchAnswer
from devstack.demo.diary import DiaryEntry

_BAR_CELLS = 9
_OPENING_CHARS = 60


def search_table(query: str, answer: SearchAnswer, placed: Mapping[UUID, DiaryEntry]) -> RenderableType:
    table = Table("score", Column("day", no_wrap=True), "passage", box=None, pad_edge=False)
    table.title, table.title_justify = Text(f"“{query}”"), "left"
    for hit in answer.hits:
        entry = placed.get(hit.entry_id)
        day = entry.day if entry is not None else hit.written_at.date().isoformat()
        table.add_row(f"{hit.score:.3f}", day, Text(" ".join(hit.snippet.split())))
    return table


def mood_table(placed: Mapping[UUID, DiaryEntry], views: Mapping[UUID, EntryView]) -> RenderableType:
    """One row for each entry, its day written once. Where there is little room, it is the entry that is cut."""
    whole = (Column(name, no_wrap=True) for name in ("day", "mood", "sure", "valence"))
    opening = Column("entry", no_wrap=True, overflow="ellipsis", ratio=1)
    table = Table(*whole, opening, box=None, pad_edge=False, expand=True)
    table.title_justify = "left"
    table.title = "Moods by day (valence: unpleasant on the left, pleasant on the right)"
    written = sorted(placed.items(), key=lambda pair: pair[1].number)
    for day, pairs in groupby(written, key=lambda pair: pair[1].day):
        shown_day = day
        for entry_id, entry in pairs:
            view = views.get(entry_id)
            mood = view.enrichments.get("mood") if view is not None else None
            table.add_row(shown_day, *_mood_cells(mood), Text(_opening(entry.draft.body)))
            shown_day = ""
    return table


def show_failures(console: Console, views: Mapping[UUID, EntryView]) -> None:
    for view in views.values():
        for kind, enrichment in view.enrichments.items():
            if enrichment.state != "done":
                why = enrichment.reason or "nothing heard of it in time; see logs/enrichment-worker.log"
                console.print(f"entry {view.id}: {kind} {enrichment.state}: {why}", markup=False, highlight=False)


def _mood_cells(mood: EnrichmentView | None) -> tuple[str, str, str]:
    if mood is None or not isinstance(mood.result, MoodResult):
        return (mood.state if mood is not None else "pending", "", "")
    result = mood.result
    return (result.label or "cannot tell", f"{result.confidence:.0%}", _bar(result.valence))


def _bar(valence: float) -> str:
    at = round((valence + 1) / 2 * (_BAR_CELLS - 1))
    return "".join("●" if cell == at else "·" for cell in range(_BAR_CELLS))


def _opening(body: str) -> str:
    line = " ".join(body[: 2 * _OPENING_CHARS].split())
    return line if len(line) <= _OPENING_CHARS else line[: _OPENING_CHARS - 1] + "…"
