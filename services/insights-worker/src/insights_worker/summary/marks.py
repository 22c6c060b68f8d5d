"""The numbers in brackets under which texts are shown, and which only we write."""

import re
from collections.abc import Iterable

_MARK = re.compile(r"\[(\s*\d[\d\s,;]*)\]")
_CITED = re.compile(rf"\s*{_MARK.pattern}")


def numbered(texts: Iterable[str]) -> list[str]:
    """Each with its number. What looks like one in a text is the writer's, and gets other brackets."""
    told = (_MARK.sub(r"(\1)", text) for text in texts)
    return [f"[{number}] {text}" for number, text in enumerate(told, start=1)]


def unmarked(text: str) -> str:
    """Without citations that a model wrote into its sentence; those that count are told apart from it."""
    return _CITED.sub("", text).strip()
