"""A theme's name is the model's only where it has nothing that the entries have not."""

import pytest

from insights_worker.themes.naming import ThemeAnswer, name_theme

TYPICAL = ["herons at the lock", "9 herons at dusk"]


class Naming:
    def __init__(self, name):
        self.name = name

    async def ask(self, prompt, texts, kind):
        return ThemeAnswer(name=self.name) if self.name else None


@pytest.mark.parametrize(
    ("name", "fault"),
    [(None, None), ("40 herons", "number"), ("Herons on ten days of it", "number"), ("[herons](at.example)", "unfit")],
)
async def test_a_name_that_does_not_hold_gives_way_to_the_themes_words(name, fault):
    named = await name_theme(Naming(name), TYPICAL, [*TYPICAL, "chess"])
    assert (named.named_by, named.fault) == ("words", fault)
    assert "herons" in named.name


async def test_a_number_of_the_entries_may_stand_in_a_name():
    named = await name_theme(Naming("Nine herons at the lock"), TYPICAL, TYPICAL)
    assert (named.name, named.named_by, named.fault) == ("Nine herons at the lock", "model", None)
