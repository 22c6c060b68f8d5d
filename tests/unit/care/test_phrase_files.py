"""Phrase files: each says how it was composed, and a broken line is told."""

from importlib.resources import files

import pytest

from care import PhrasesInvalid
from care._phrases import Lexicon, add_phrases

FILES = sorted(files("care").joinpath("phrases").iterdir(), key=lambda file: file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_says_how_it_was_composed(file):
    assert "omposed by the authors of this project" in file.read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("sad: i cry", "no `kind: phrase`"),
        ("suicide:", "no `kind: phrase`"),
        ("suicide", "no `kind: phrase`"),
        ("suicide: @nobody dies", "no list @nobody"),
        ("suicide: a||b", "an empty word"),
    ],
)
def test_a_broken_line_is_told_with_its_number(line, fault):
    with pytest.raises(PhrasesInvalid, match=f"xx, line 2: .*{fault}"):
        add_phrases(Lexicon(), "xx", f"# A comment\n{line}\n")
