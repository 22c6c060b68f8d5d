"""Sentences of our own making, in two sets: one that the phrases are tuned on, one that was written before them."""

from dataclasses import dataclass
from pathlib import Path

from care import recognise


@dataclass(frozen=True)
class Sentence:
    language: str
    #: Whether it should be marked.
    speaks_of_it: bool
    text: str


def read_set(name: str) -> list[Sentence]:
    """`tuned` or `held_out`."""
    lines = (Path(__file__).parent / f"{name}.txt").read_text("utf-8").splitlines()
    parts = [line.split(" ", 2) for line in lines if line and not line.startswith("#")]
    return [Sentence(language, sign == "+", text) for language, sign, text in parts]


@dataclass(frozen=True)
class Figures:
    missed: tuple[str, ...]
    alarmed: tuple[str, ...]
    recall: float
    false_alarm_rate: float


def figures(sentences: list[Sentence]) -> Figures:
    positive = [each for each in sentences if each.speaks_of_it]
    negative = [each for each in sentences if not each.speaks_of_it]
    missed = tuple(f"{each.language} {each.text}" for each in positive if recognise(each.text) is None)
    alarmed = tuple(f"{each.language} {each.text}" for each in negative if recognise(each.text) is not None)
    return Figures(missed, alarmed, 1 - len(missed) / len(positive), len(alarmed) / max(1, len(negative)))
