"""Whose help lines are shown: the language and country that somebody named, else those of this system."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from care import HelpTexts, TextsInvalid, is_locale
from contracts.journals import language_tag
from devstack.faults import StackFault

_SETTING = "GATEWAY_CARE_LOCALE"
#: As C libraries read them for messages: the first one that is set stands, whatever it says.
#: Source: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
_SYSTEM = ("LC_ALL", "LC_MESSAGES", "LANG")
_POSIX_NAME = re.compile(r"([a-z]{2,3})(?:_([A-Z]{2}))?(?:\.[^@]*)?(?:@.*)?")
_HOW = "make up FLAGS='--locale de-AT'"


@dataclass(frozen=True)
class LocaleChoice:
    #: `de`, `de-AT`; None: nobody said, and the gateway's default holds.
    locale: str | None = None
    #: For people: which it is, where it is from, whether there is a help line for it.
    why: str = "not asked"

    @property
    def settings(self) -> dict[str, str]:
        """Of the gateway."""
        return {_SETTING: self.locale} if self.locale else {}


NOT_ASKED = LocaleChoice()


def choose_locale(named: str | None, environment: Mapping[str, str]) -> LocaleChoice:
    """What `--locale` says, else the gateway's own setting, else the system's locale.

    Raises:
        StackFault: `named` is no locale, or the operator's own texts cannot be read.
    """
    locale, source = _find(named, environment)
    if environment.get("GATEWAY_CARE") == "off":
        return LocaleChoice(locale, "off (GATEWAY_CARE)")
    said = f"{locale or 'no locale'} ({source})"
    if locale and _texts(environment).find(locale).names_a_line:
        return LocaleChoice(locale, f"for {said}; others: {_HOW}")
    return LocaleChoice(locale, f"NONE for {said}. Say where you are: {_HOW}")


def from_posix(name: str) -> str | None:
    """`de-AT` of `de_AT.UTF-8`; None of `C`, `POSIX` and what is no language."""
    found = _POSIX_NAME.fullmatch(name)
    return "-".join(part for part in found.groups() if part) if found else None


def _find(named: str | None, environment: Mapping[str, str]) -> tuple[str | None, str]:
    if named is not None:
        return _written(named), "--locale"
    if environment.get(_SETTING):
        # Whether it is one is the gateway's to say.
        return environment[_SETTING], _SETTING
    for variable in _SYSTEM:
        value = environment.get(variable)
        if value:
            return from_posix(value), f"{variable}={value}"
    return None, f"{_SYSTEM[-1]} is not set"


def _written(named: str) -> str:
    """`de-AT` of `de-at` and `de_AT` too."""
    refused = StackFault(f"--locale {named}: write a language, or a language and a country, such as de-AT")
    try:
        locale = language_tag(named.replace("_", "-"))
    except ValueError as error:
        raise refused from error
    if not is_locale(locale):
        raise refused
    return locale


def _texts(environment: Mapping[str, str]) -> HelpTexts:
    folder = environment.get("GATEWAY_CARE_TEXTS")
    try:
        return HelpTexts.load(Path(folder) if folder else None)
    except TextsInvalid as error:
        raise StackFault(f"GATEWAY_CARE_TEXTS: {error}") from error
