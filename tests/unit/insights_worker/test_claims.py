"""What the model claims stands only on what it was shown."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reports import Claim, Removed
from insights_worker.prompt_files import load
from insights_worker.summary.claims import CitedText, NotesAnswer, Source, SummaryAnswer, settle, why_nothing
from insights_worker.summary.merging import fit_at_once, merge, next_batch, summarise

IDS = [UUID(int=number) for number in range(1, 60)]

written = st.lists(
    st.builds(CitedText, text=st.just("You rested."), cites=st.lists(st.integers(-3, 12), max_size=12)), max_size=6
)
groups = st.lists(st.lists(st.sampled_from(IDS), min_size=1, max_size=30, unique=True), max_size=8)


@given(written, groups)
def test_no_claim_stands_without_an_entry_that_was_shown(claims, shown):
    sources = [Source("Rain.", tuple(group)) for group in shown]
    settled, removed = settle(claims, sources, load("notes"), Removed(citations=2))
    allowed = {entry_id for group in shown for entry_id in group}
    assert all(claim.entry_ids and set(claim.entry_ids) <= allowed for claim in settled)
    assert len(settled) + removed.claims == len(claims)
    wrong = sum(len({n for n in claim.cites if not 1 <= n <= len(shown)}) for claim in claims)
    assert removed.citations == 2 + wrong


def test_each_group_that_is_cited_is_represented():
    shown = [Source("Rain.", tuple(IDS[:30])), Source("Sun.", tuple(IDS[30:31]))]
    ((claim,), _) = settle([CitedText(text="You rested.", cites=[1, 2, 2])], shown, load("notes"), Removed())
    assert len(claim.entry_ids) == 20
    assert IDS[30] in claim.entry_ids


def test_a_claim_with_a_number_of_its_own_goes_and_is_counted():
    shown = [Source("2026-03-02\nRan 7 km.", (IDS[0],)), Source("2026-03-03\nSaw nine herons.", (IDS[1],))]
    written = [
        CitedText(text="You ran seven kilometres on March 2.", cites=[1]),
        CitedText(text="You saw nine herons.", cites=[1]),
        CitedText(text="You saw herons on 40 % of all days.", cites=[1, 2]),
        CitedText(text="Text 1 is about running, and of four.", cites=[1]),
    ]
    claims, removed = settle(written, shown, load("notes"), Removed(numbers=1))
    assert [claim.text for claim in claims] == ["You ran seven kilometres on March 2."]
    assert removed == Removed(numbers=4)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (Removed(), "nothing_cited"),
        (Removed(claims=1, numbers=2), "nothing_cited"),
        (Removed(answers=3), "invalid_answer"),
        (Removed(numbers=1), "nothing_held"),
        (Removed(unfit=1), "nothing_held"),
    ],
)
def test_a_report_says_why_no_claim_is_left(after, why):
    assert why_nothing(Removed(), after) == why


class Answering:
    """A model that merges into one note for two, or answers as it is told."""

    def __init__(self, room=400, answer=lambda kind, n: None):
        self.room, self.answer, self.calls = room, answer, 0

    def room_tokens(self, prompt):
        return self.room

    async def ask(self, prompt, texts, kind):
        self.calls += 1
        return self.answer(kind, len(texts))


def note(number):
    return Claim(text=f"You saw heron number {number} by the lock.", entry_ids=(IDS[number % len(IDS)],))


def cited(*numbers):
    return CitedText(text="You saw herons.", cites=list(numbers))


@pytest.mark.parametrize(
    "answer",
    [
        lambda kind, n: None,
        lambda kind, n: NotesAnswer(notes=[cited(1)] * 6),
        lambda kind, n: NotesAnswer(notes=[cited(99)]),
        lambda kind, n: NotesAnswer(notes=[]),
    ],
    ids=["no answer", "too many notes", "wrong citations", "no notes"],
)
@pytest.mark.parametrize("room", [1, 100, 400])
def test_any_number_of_notes_becomes_few_whatever_the_model_answers(answer, room):
    model, notes, passes = Answering(room, answer), [note(number) for number in range(500)], 0
    while not fit_at_once(model, notes):
        merged = []
        while notes:
            count = next_batch(model, notes)
            kept, _ = asyncio.run(merge(model, notes[:count], Removed()))
            merged += kept
            notes = notes[count:]
        notes, passes = merged, passes + 1
        assert passes < 20
    assert len(notes) <= 30


def test_a_summary_cites_the_entries_behind_its_notes():
    answer = SummaryAnswer(summary=[cited(1, 2), cited(7)], suggestions=[cited(2)])
    found = asyncio.run(summarise(Answering(answer=lambda kind, n: answer), [note(0), note(1)], Removed()))
    assert [claim.entry_ids for claim in found.claims] == [(IDS[0], IDS[1])]
    assert [claim.entry_ids for claim in found.suggestions] == [(IDS[1],)]
    assert found.removed == Removed(citations=1, claims=1)
    none = asyncio.run(summarise(Answering(), [note(0)], Removed()))
    assert (none.answered, none.removed.answers) == (False, 1)
