"""What a report saves between turns stays small, however many entries there are."""

from datetime import date, timedelta
from uuid import UUID

from contracts.events import ReportRef
from contracts.report_work import SaveReport
from contracts.reports import (
    Claim,
    ReportDay,
    ReportNumbers,
    ReportProgress,
    ReportResult,
    Theme,
    WeekLabels,
)
from insights_worker.drafts import Draft
from insights_worker.summary.pile import in_order, lift, overfull, put

#: What a NATS server lets pass unless it is told otherwise. Ours are told 2 MiB.
MIB = 1024 * 1024
IDS = tuple(UUID(int=number << 64) for number in range(100))
DAYS = [date(2016, 1, 1) + timedelta(days=number) for number in range(3660)]
LABELS = ["joyful", "content", "grateful", "hopeful", "calm", "anxious", "sad", "angry", "tired", "lonely", "mixed"]


def note(number: int) -> Claim:
    """Of the longest kind, in a script of two bytes a letter."""
    return Claim(text=f"{number:06}" + "\u0436" * 394, entry_ids=IDS[:20])


def settle(levels, *, keeps):
    """As a turn does it, with a model that makes `keeps(count)` notes of `count`."""
    while (level := overfull(levels)) is not None:
        oldest = levels[level][:30]
        levels = lift(levels, level, len(oldest), oldest[: keeps(len(oldest))])
    return levels


def test_notes_stay_few_and_in_order_however_many_were_read():
    levels, heaviest = (), 0
    for batch in range(1500):
        levels = put(levels, 0, [note(batch * 6 + n) for n in range(6)])
        levels = settle(levels, keeps=lambda count: count // 2)
        heaviest = max(heaviest, sum(len(n.model_dump_json()) for n in in_order(levels)))
    texts = [one.text for one in in_order(levels)]
    assert texts == sorted(texts)
    assert len(levels) > 5, "as often as it takes with a model that merges badly"
    assert heaviest < 400 * 1024


def test_nothing_is_left_where_merging_leaves_nothing():
    levels = settle(put((), 0, [note(n) for n in range(200)]), keeps=lambda _: 0)
    assert overfull(levels) is None


def test_ten_years_with_twenty_thousand_entries_fit_into_one_message():
    numbers = ReportNumbers(
        entries=20_000,
        days=3660,
        days_written=3660,
        entries_per_day=20_000 / 3660,
        moods=20_000,
        pending=0,
        failed=0,
        abstained=0,
        by_day=tuple(ReportDay(day=day, entries=5, valence=-0.12345678901234567) for day in DAYS),
        labels_by_week=tuple(WeekLabels(first_day=day, labels=dict.fromkeys(LABELS, 12)) for day in DAYS[::7]),
    )
    theme = Theme(
        name="x" * 60,
        named_by="model",
        entries=2500,
        entry_ids=IDS,
        representatives=IDS[:5],
        cohesion=0.1234,
        valence=-0.12345678901234567,
        by_day=dict.fromkeys(DAYS[:2500], 1),
    )
    levels = ()
    for batch in range(1000):
        levels = settle(put(levels, 0, [note(batch)] * 6), keeps=lambda count: count // 4)
    draft = Draft(numbers=numbers, themes=(theme,) * 8, themes_missing=None, levels=levels)
    ref = ReportRef(journal="diary", report_id=IDS[0], edition=1)
    progress = ReportProgress(step="reading", done=1, total=2)
    saved = SaveReport(**ref.model_dump(), progress=progress, draft=draft.model_dump(mode="json"))
    assert len(saved.model_dump_json().encode()) < MIB
    result = ReportResult(numbers=numbers, themes=(theme,) * 8, summary=(note(1),) * 6, suggestions=(note(2),) * 3)
    assert len(result.model_dump_json().encode()) < MIB
