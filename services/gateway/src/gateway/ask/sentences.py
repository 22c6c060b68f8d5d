"""The sentences that stand where an answer would, in the journal's language."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: Spoken to whoever has a language that we have no sentences in.
_DEFAULT = "en"


@dataclass(frozen=True)
class Sentences:
    #: The journal does not say.
    nothing: str
    #: The model named no source, and the journal may say it all the same.
    unsupported: str


@cache
def sentences_in(locale: str) -> Sentences:
    """By the language of a tag such as `de-AT`."""
    folder = files("gateway.ask").joinpath("texts")
    language = locale.partition("-")[0].lower()
    if not folder.joinpath(f"nothing.{language}.txt").is_file():
        language = _DEFAULT
    nothing, unsupported = (
        folder.joinpath(f"{name}.{language}.txt").read_text("utf-8").strip() for name in ("nothing", "unsupported")
    )
    return Sentences(nothing, unsupported)
