"""The sentences that stand where an answer would."""

from importlib.resources import files

import pytest

from gateway.ask.sentences import sentences_in


@pytest.mark.parametrize(
    ("locale", "nothing"),
    [
        ("en", "The journal does not say."),
        ("de-AT", "Davon steht nichts im Tagebuch."),
        ("DE", "Davon steht nichts im Tagebuch."),
        ("eo", "The journal does not say."),
    ],
)
def test_they_are_in_the_language_of_the_locale(locale: str, nothing: str) -> None:
    assert sentences_in(locale).nothing == nothing


def test_every_language_has_both() -> None:
    names = [file.name.split(".") for file in files("gateway.ask").joinpath("texts").iterdir()]
    languages = {language for _, language, _ in names}
    assert len(languages) == 7
    assert len(names) == 2 * len(languages)
    assert all(sentences_in(one).nothing and sentences_in(one).unsupported for one in languages)
