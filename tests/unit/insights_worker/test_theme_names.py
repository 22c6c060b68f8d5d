"""A theme's name is the model's only where it has nothing that the entries have not."""

import pytest

from contracts.reports import ReportNumbers, Theme
from insights_worker.drafts import Draft
from insights_worker.themes.naming import ThemeAnswer, name_theme

TYPICAL = ["herons at the lock", "9 herons at dusk"]
BY_WORDS = Theme(
    name="herons, lock, dusk",
    named_by="words",
    entries=2,
    entry_ids=(),
    representatives=(),
    cohesion=0.5,
    valence=None,
    by_day={},
)


class Naming:
    def __init__(self, name):
        self.name = name

    async def ask(self, prompt, texts, kind):
        return ThemeAnswer(name=self.name) if self.name else None


@pytest.mark.parametrize(
    ("name", "fault"),
    [(None, None), ("40 herons", "number"), ("Herons on ten days of it", "number"), ("[herons](at.example)", "unfit")],
)
async def test_a_theme_keeps_its_words_where_a_name_does_not_hold(name, fault):
    assert await name_theme(Naming(name), BY_WORDS, TYPICAL) == (BY_WORDS, fault)


async def test_a_number_of_the_entries_may_stand_in_a_name():
    theme, fault = await name_theme(Naming("Nine herons at the lock"), BY_WORDS, TYPICAL)
    assert (theme.name, theme.named_by, fault) == ("Nine herons at the lock", "model", None)


def test_a_draft_whose_themes_have_their_names_is_one_that_a_worker_of_before_takes():
    numbers = dict.fromkeys(("entries", "days", "days_written", "entries_per_day"), 1)
    numbers |= dict.fromkeys(("moods", "pending", "failed", "abstained"), 0)
    draft = Draft(numbers=ReportNumbers(**numbers), themes=(BY_WORDS,), themes_missing=None, unnamed=(TYPICAL,))
    kept = draft.model_dump(mode="json")
    assert Draft.model_validate(kept) == draft
    assert "unnamed" not in draft.model_copy(update={"unnamed": ()}).model_dump(mode="json")
