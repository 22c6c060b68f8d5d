"""What a journal's owner wants done with it. Every setting has a default; an absent one means it."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from contracts.identifiers import JournalName
from contracts.model import Request, Value

ReportPeriod = Literal["weekly", "monthly"]
_LANGUAGE_TAG = "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
#: `on_request`: only when somebody asks; `always`: for every new entry.
ReflectWhen = Literal["on_request", "always"]


def known_zone(name: str) -> str:
    """The name as it is. Raises: ValueError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone of the IANA database, such as Europe/Berlin") from None
    return name


TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(known_zone)]


def language_tag(name: str) -> str:
    """As it is commonly written, `de-AT` for `de-at`: in a tag, case says nothing. Raises: ValueError.

    Source: https://www.rfc-editor.org/rfc/rfc5646#section-2.1.1
    """
    if not re.fullmatch(_LANGUAGE_TAG, name):
        raise ValueError("must be a language, or a language and a country, such as de or de-AT")
    language, *rest = name.lower().split("-")
    return "-".join([language, *(_written(subtag) for subtag in rest)])


def _written(subtag: str) -> str:
    match len(subtag):
        case 2:
            return subtag.upper()  # A country.
        case 4:
            return subtag.title()  # A script.
        case _:
            return subtag


#: A language tag: `en`, `de-AT`. Source: https://www.rfc-editor.org/rfc/bcp/bcp47.txt
Locale = Annotated[
    str,
    StringConstraints(max_length=35),
    AfterValidator(language_tag),
    Field(json_schema_extra={"pattern": f"^{_LANGUAGE_TAG}$"}),
]


class JournalSettings(Value):
    reflect: ReflectWhen = "on_request"
    #: Reflections may look at up to three earlier entries of the same journal.
    related_entries: bool = True
    #: Reports that are made by themselves when a period has ended in `time_zone`.
    reports: tuple[ReportPeriod, ...] = ()
    time_zone: TimeZone = "UTC"
    #: Which language fixed texts have.
    locale: Locale = "en"


class JournalSettingsChange(Request):
    """What is given is changed; the rest stays."""

    reflect: ReflectWhen | None = None
    related_entries: bool | None = None
    reports: tuple[ReportPeriod, ...] | None = None
    time_zone: TimeZone | None = None
    locale: Locale | None = None

    def applied_to(self, settings: JournalSettings) -> JournalSettings:
        return settings.model_copy(update=self.model_dump(exclude_none=True))


class JournalDetails(Value):
    name: JournalName
    #: What holds, also of those that nobody has set: `locale` is then that of this installation.
    settings: JournalSettings
    #: Those of `settings` that nobody has set.
    defaults: tuple[str, ...] = ()
