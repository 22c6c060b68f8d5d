"""What the demo prints can be read on a terminal of the usual width."""

import io
import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from rich.console import Console

from contracts.enrichments import EnrichmentView, MoodLabel, MoodResult, Provenance
from contracts.entries import EntryView
from devstack.demo.diary import load_diary
from devstack.demo.screens import mood_table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROW = re.compile(r"(\d{4}-\d\d-\d\d|          )  (grateful   |cannot tell|pending    )  (100%|5%  |    )  (.{9})  (.+)")


def view_of(entry_id: UUID, body: str, label: MoodLabel | None) -> EntryView:
    mood = MoodResult(
        method="prototypes",
        label=label,
        valence=1.0 if label else 0.0,
        arousal=0.2,
        confidence=1.0 if label else 0.05,
        provenance=Provenance(model="m"),
    )
    return EntryView(
        id=entry_id,
        journal="demo",
        revision=1,
        body=body,
        written_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        tags=(),
        metadata={},
        enrichments={"mood": EnrichmentView(state="done", revision=1, result=mood, updated_at=NOW)},
    )


@pytest.mark.parametrize("width", [80, 72, 120])
def test_each_mood_is_whole_on_a_line_of_its_own(width: int) -> None:
    placed = {uuid4(): entry for entry in load_diary()}
    (unheard, *heard) = placed
    views = {
        entry_id: view_of(entry_id, placed[entry_id].draft.body, "grateful" if number % 2 else None)
        for number, entry_id in enumerate(heard)
    }
    assert unheard not in views
    printed = io.StringIO()
    Console(file=printed, width=width).print(mood_table(placed, views))
    _title, head, *lines = printed.getvalue().splitlines()
    assert head.split() == ["day", "mood", "sure", "valence", "entry"]
    assert max(map(len, (_title, head, *lines))) <= width
    rows = [ROW.fullmatch(line) for line in lines]
    assert len(rows) == len(placed)
    assert all(rows), "\n".join(lines)
    assert {row.group(4) for row in rows if row} == {"········●", "····●····", " " * 9}
    assert sum(row.group(1).strip() != "" for row in rows if row) == len({entry.day for entry in placed.values()})
