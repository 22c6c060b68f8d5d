"""Whose help lines the stack shows, and what it says about them."""

import pytest

from devstack.faults import StackFault
from devstack.locale_choice import choose_locale, from_posix


@pytest.mark.parametrize(
    ("name", "locale"),
    [
        ("de_AT.UTF-8", "de-AT"),
        ("de_DE@euro", "de-DE"),
        ("sr_RS.utf8@latin", "sr-RS"),
        ("en_GB", "en-GB"),
        ("nl", "nl"),
        ("C", None),
        ("C.UTF-8", None),
        ("POSIX", None),
        ("english", None),
        ("../de_AT", None),
    ],
)
def test_a_system_locale_is_read_as_language_and_country(name, locale):
    assert from_posix(name) == locale


def test_the_first_variable_that_is_set_stands_whatever_it_says():
    assert choose_locale(None, {"LC_ALL": "", "LC_MESSAGES": "fr_FR.UTF-8", "LANG": "en_US.UTF-8"}).locale == "fr-FR"
    assert choose_locale(None, {"LC_ALL": "C", "LANG": "en_US.UTF-8"}).locale is None


def test_what_somebody_named_stands_before_the_system():
    system = {"LANG": "en_US.UTF-8"}
    assert choose_locale("de-AT", system | {"GATEWAY_CARE_LOCALE": "nl-BE"}).locale == "de-AT"
    assert choose_locale(None, system | {"GATEWAY_CARE_LOCALE": "nl-BE"}).locale == "nl-BE"


@pytest.mark.parametrize(("named", "locale"), [("de-at", "de-AT"), ("de_AT", "de-AT"), ("DE", "de"), ("de", "de")])
def test_a_locale_is_taken_as_people_write_it(named, locale):
    assert choose_locale(named, {}).locale == locale


@pytest.mark.parametrize("named", ["austria", "", "de-", "de-Latn-AT", "de_AT.UTF-8"])
def test_what_is_no_locale_is_refused_with_an_example(named):
    with pytest.raises(StackFault, match="such as de-AT"):
        choose_locale(named, {"LANG": "en_US.UTF-8"})


def test_it_says_whether_there_is_a_help_line_and_how_to_get_one(tmp_path):
    assert choose_locale(None, {"LANG": "de_AT.UTF-8"}).why.startswith("for de-AT (LANG=de_AT.UTF-8)")
    for environment in ({}, {"LANG": "C.UTF-8"}, {"LANG": "de"}, {"LANG": "pt_PT.UTF-8"}):
        why = choose_locale(None, environment).why
        assert why.startswith("NONE for ")
        assert "--locale de-AT" in why
    (tmp_path / "pt-PT.txt").write_text("Liga à Inês: 01 234 567.", "utf-8")
    theirs = {"LANG": "pt_PT.UTF-8", "GATEWAY_CARE_TEXTS": str(tmp_path)}
    assert choose_locale(None, theirs).why.startswith("for pt-PT")
    assert choose_locale(None, theirs | {"GATEWAY_CARE": "off"}).why == "off (GATEWAY_CARE)"


def test_texts_that_cannot_be_shown_stop_the_start(tmp_path):
    with pytest.raises(StackFault, match="GATEWAY_CARE_TEXTS"):
        choose_locale("de-AT", {"GATEWAY_CARE_TEXTS": str(tmp_path / "none")})
