"""Recognises texts that speak of suicide or self-harm, and holds the plain texts that are shown then.

The standard library only: no entries, no models, no HTTP. It says which kind was seen and by which language's phrases,
and never a word of the text. What it can and cannot do: docs/care.md.
"""

from care._phrases import KINDS, Kind
from care._recogniser import Sign, recognise
from care._texts import HelpText, HelpTexts, is_locale
from care.errors import CareError, PhrasesInvalid, TextsInvalid

__all__ = [
    "KINDS",
    "CareError",
    "HelpText",
    "HelpTexts",
    "Kind",
    "PhrasesInvalid",
    "Sign",
    "TextsInvalid",
    "is_locale",
    "recognise",
]
