"""The sentence that stands for an answer where the journal has none, in the journal's language."""

from functools import cache
from importlib.resources import files

#: Spoken to whoever has a language that we have no sentence in.
_DEFAULT = "en"


def nothing_said(locale: str) -> str:
    """By the language of a tag such as `de-AT`."""
    sentences = _sentences()
    return sentences.get(locale.partition("-")[0].lower(), sentences[_DEFAULT])


@cache
def _sentences() -> dict[str, str]:
    folder = files("gateway.ask").joinpath("texts")
    return {file.name.removesuffix(".txt"): file.read_text("utf-8").strip() for file in folder.iterdir()}
