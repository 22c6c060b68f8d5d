"""What is shown in place of a generated answer: one plain text per locale, ours or an operator's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from care.errors import TextsInvalid

TEXT_MAX_CHARS = 4000
#: The text that names no number and no country.
GENERIC = "generic"
_ENDING = ".txt"
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
#: The country of a tag, behind a script if there is one. What is behind a single letter is none.
_COUNTRY = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{3,8})*-([a-z]{2})(?:-.*)?")
_NUMBER = re.compile(r"\d+")
#: Who calls these gets an ambulance; nobody there listens.
_EMERGENCY = frozenset({"000", "111", "112", "192", "911", "999"})


@dataclass(frozen=True)
class HelpText:
    #: Whose text it is: what was asked for, or what it fell back to.
    locale: str
    text: str

    @property
    def names_a_line(self) -> bool:
        """There is a number in it to call besides that of an ambulance."""
        return not _EMERGENCY.issuperset(_NUMBER.findall(self.text))


@dataclass(frozen=True)
class HelpTexts:
    """Texts by locale. An operator's stand before ours."""

    ours: Mapping[str, str]
    theirs: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Ours, and those of an operator's `folder`: `de-AT.txt`, `de.txt`, `generic.txt`, UTF-8.

        Raises:
            TextsInvalid: there is no such folder, no text in it, or one that cannot be shown.
        """
        packaged = files("care").joinpath("texts")
        ours = {file.name.removesuffix(_ENDING): file.read_text("utf-8").strip() for file in packaged.iterdir()}
        return cls(ours, {} if folder is None else _read_folder(folder))

    def find(self, locale: str) -> HelpText:
        """For `de-AT`: its own, or that of `de`, `en`, or the generic one. It may be in any letter case, `de-at`."""
        for names in (_names_of(locale), ("en",), (GENERIC,)):
            for texts in (self.theirs, self.ours):
                for name in names:
                    if name in texts:
                        return HelpText(name, texts[name])
        raise AssertionError("the generic text is part of this package")


def is_locale(name: str) -> bool:
    """`de` or `de-AT`."""
    return _LOCALE.fullmatch(name) is not None


def _names_of(locale: str) -> tuple[str, ...]:
    """By language and country, then by language: `de-AT` and `de`, of `de-Latn-AT` too.

    Source: https://www.rfc-editor.org/rfc/rfc5646#section-2.1
    """
    found = _COUNTRY.fullmatch(locale.lower())
    language = locale.lower().partition("-")[0]
    return (f"{language}-{found[1].upper()}", language) if found else (language,)


def _read_folder(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise TextsInvalid(f"{folder} is not a folder; put texts such as en{_ENDING} and de-AT{_ENDING} there")
    found = {file.name.removesuffix(_ENDING): _read(file) for file in sorted(folder.glob(f"*{_ENDING}"))}
    if not found:
        raise TextsInvalid(f"{folder} holds no text; put one there, such as en{_ENDING}")
    return found


def _read(file: Path) -> str:
    name = file.name.removesuffix(_ENDING)
    if name != GENERIC and not is_locale(name):
        raise TextsInvalid(f"{file}: name it by a locale, such as de{_ENDING} or de-AT{_ENDING}, or {GENERIC}{_ENDING}")
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TextsInvalid(f"{file}: cannot be read as UTF-8 text") from error
    if not text:
        raise TextsInvalid(f"{file}: is empty")
    if len(text) > TEXT_MAX_CHARS:
        raise TextsInvalid(f"{file}: is longer than {TEXT_MAX_CHARS} characters")
    if "\x00" in text:
        raise TextsInvalid(f"{file}: holds a NUL character")
    return text
