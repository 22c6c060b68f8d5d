"""Which text is shown for which locale, and what an operator may put in its place."""

import re

import pytest

from care import HelpTexts, TextsInvalid, is_locale

#: What is certain, and must not get lost.
LINES = {
    "en-US": "988",
    "en-CA": "988",
    "en-GB": "116 123",
    "en-IE": "116 123",
    "de-DE": "0800 111 0 111",
    "fr-FR": "3114",
    "es-ES": "024",
    "nl-NL": "113",
}


@pytest.mark.parametrize("locale", sorted(LINES))
def test_a_country_has_its_help_line(locale):
    found = HelpTexts.load().find(locale)
    assert found.locale == locale
    assert LINES[locale] in found.text


@pytest.mark.parametrize(
    ("locale", "shown"),
    [("de-LI", "de"), ("en-ZA", "en"), ("fr-BE", "fr"), ("sv-SE", "en"), ("pl", "en"), ("de", "de"), ("de-x-at", "de")],
)
def test_a_locale_without_a_text_falls_back(locale, shown):
    assert HelpTexts.load().find(locale).locale == shown


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de-at", "de-AT"),
        ("DE-AT", "de-AT"),
        ("En-Us", "en-US"),
        ("pt-br", "pt-BR"),
        ("NL", "nl"),
        ("de-Latn-AT", "de-AT"),
        ("de-at-1996", "de-AT"),
    ],
)
def test_a_locale_is_found_however_it_is_written(locale, shown):
    assert HelpTexts.load().find(locale).locale == shown


def test_a_text_for_a_language_names_no_line_of_one_country():
    ours = HelpTexts.load().ours
    for name, text in ours.items():
        assert is_locale(name) or name == "generic"
        assert 100 < len(text) < 1000
        if "-" not in name:
            assert re.findall(r"\d[\d ]+", text.replace("112", "")) == []


@pytest.mark.parametrize(
    ("locale", "names"),
    [(locale, True) for locale in sorted(LINES)] + [("de", False), ("en-ZA", False), ("pt-PT", False)],
)
def test_a_text_says_whether_there_is_a_line_to_call_in_it(locale, names):
    assert HelpTexts.load().find(locale).names_a_line is names


def test_an_operators_text_stands_before_ours(tmp_path):
    (tmp_path / "de.txt").write_text("Ruf Jana an: sie weiß Bescheid.\n", "utf-8")
    texts = HelpTexts.load(tmp_path)
    assert (texts.find("de-DE").locale, texts.find("de-DE").text) == ("de", "Ruf Jana an: sie weiß Bescheid.")
    assert texts.find("fr-FR").locale == "fr-FR"
    assert texts.find("sv").locale == "en"


def test_the_last_text_is_the_generic_one():
    assert HelpTexts({"generic": "Talk to someone."}, {}).find("de-AT").locale == "generic"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("german.txt", b"x", "name it by a locale"),
        ("de_DE.txt", b"x", "name it by a locale"),
        ("de.txt", b"  \n", "is empty"),
        ("de.txt", b"\xff\xfe", "UTF-8"),
        ("de.txt", b"x" * 4001, "longer than 4000"),
        ("de.txt", b"a\x00b", "NUL"),
        ("readme.md", b"x", "holds no text"),
    ],
)
def test_a_folder_that_cannot_be_shown_is_refused(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextsInvalid, match=fault):
        HelpTexts.load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TextsInvalid, match="is not a folder"):
        HelpTexts.load(tmp_path / "none")
