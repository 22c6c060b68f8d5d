"""The mood that a writer gives to an entry, as journal apps let them choose it. No model ever touches it."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.enrichments import MoodLabel
from contracts.model import Request, Value

Valence = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Arousal = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


#: `str.isprintable` would refuse the joiners inside emoji, and emoji that are newer than this Python.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _plain(word: str) -> str:
    if _UNWANTED.search(word):
        raise ValueError("must not contain control characters or lone surrogates")
    return word


#: How an app, or its user, calls the mood: `meh`, `proud`, an emoji.
MoodWord = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, strip_whitespace=True),
    AfterValidator(_plain),
]


class OwnMood(Request):
    """At least one field. Which app's scale becomes what: docs/moods.md."""

    label: MoodLabel | None = None
    #: -1 unpleasant .. 1 pleasant.
    valence: Valence | None = None
    #: 0 still .. 1 agitated.
    arousal: Arousal | None = None
    #: Kept and shown as it came; nothing is computed from it.
    word: MoodWord | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.label is None and self.valence is None and self.arousal is None and self.word is None:
            raise ValueError("must have at least one of label, valence, arousal and word")
        return self


class OwnMoodView(Value):
    """An `OwnMood` as it is shown."""

    label: MoodLabel | None = None
    valence: float | None = None
    arousal: float | None = None
    word: str | None = None
