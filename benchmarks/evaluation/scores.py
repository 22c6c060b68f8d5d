"""Figures of judged moods, with bootstrap intervals; pure arithmetic."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.enrichments import MoodLabel, MoodResult
from evaluation.texts import LABELS, Text

RESAMPLES = 1000
_EDGE = 0.025


@dataclass(frozen=True)
class Outcome:
    text: Text
    #: None: the model's answer was none.
    mood: MoodResult | None

    @property
    def label(self) -> MoodLabel | None:
        return self.mood.label if self.mood else None

    @property
    def right(self) -> bool:
        return self.label in self.text.meant

    @property
    def gold(self) -> MoodLabel:
        """One label where many are right: the answer itself if it is one of them, else the first nearest by name."""
        return self.label if self.label and self.right else min(self.text.nearest or self.text.meant)


@dataclass(frozen=True)
class Share:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class MoodScore:
    texts: int
    invalid: float
    #: Of all texts: a mood was named.
    coverage: float
    right_of_answered: Share | None
    right_of_all: Share
    nearest_of_all: float
    macro_f1: float
    #: The chance that a pleasant text is given a higher valence than an unpleasant one. None: one kind is missing.
    valence_auc: Share | None


def score(outcomes: Sequence[Outcome], seed: int = 1) -> MoodScore:
    answered = [one for one in outcomes if one.label]
    return MoodScore(
        texts=len(outcomes),
        invalid=sum(one.mood is None for one in outcomes) / len(outcomes),
        coverage=len(answered) / len(outcomes),
        right_of_answered=_interval(answered, _right, seed),
        right_of_all=_interval(outcomes, _right, seed) or Share(0, 0, 0),
        nearest_of_all=sum(one.label in one.text.nearest for one in outcomes) / len(outcomes),
        macro_f1=macro_f1(outcomes),
        valence_auc=_interval(outcomes, valence_auc, seed),
    )


def macro_f1(outcomes: Sequence[Outcome]) -> float:
    """The mean over the moods that the texts have. A text without an answer is a miss of its mood."""
    gold = {one.gold for one in outcomes}
    return sum(_f1(outcomes, label) for label in gold) / len(gold)


def valence_auc(outcomes: Sequence[Outcome]) -> float | None:
    """Area under the ROC curve, as the share of pairs in the right order; ties count half.

    Source: https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test
    """
    valence = [(one.text.sign, one.mood.valence) for one in outcomes if one.mood and one.text.sign]
    pleasant = [value for sign, value in valence if sign > 0]
    unpleasant = [value for sign, value in valence if sign < 0]
    if not pleasant or not unpleasant:
        return None
    won = sum((high > low) + (high == low) / 2 for high in pleasant for low in unpleasant)
    return won / (len(pleasant) * len(unpleasant))


def best_constant(texts: Sequence[Text]) -> tuple[MoodLabel, float]:
    """The label that, always given, is right most often; and how often."""
    counts = Counter(label for text in texts for label in text.meant)
    label, right = counts.most_common(1)[0]
    return label, right / len(texts)


def chance(texts: Sequence[Text]) -> float:
    """How often a label drawn at random is right."""
    return sum(len(text.meant) for text in texts) / len(texts) / len(LABELS)


def confusion(outcomes: Sequence[Outcome]) -> dict[str, Counter[str]]:
    """Meant -> what was answered."""
    table: dict[str, Counter[str]] = {}
    for one in outcomes:
        answer = "invalid" if one.mood is None else one.label or "none"
        table.setdefault(one.gold, Counter())[answer] += 1
    return table


def _right(outcomes: Sequence[Outcome]) -> float | None:
    return sum(one.right for one in outcomes) / len(outcomes) if outcomes else None


def _f1(outcomes: Sequence[Outcome], label: str) -> float:
    hit = sum(one.label == label and one.right for one in outcomes)
    told = sum(one.label == label for one in outcomes)
    there = sum(one.gold == label for one in outcomes)
    return 2 * hit / (told + there) if told + there else 0.0


def _interval(
    outcomes: Sequence[Outcome], measure: Callable[[Sequence[Outcome]], float | None], seed: int
) -> Share | None:
    """The measure, and between what it lies in 95 % of bootstrap samples."""
    value = measure(outcomes)
    if value is None:
        return None
    chosen = random.Random(seed)
    drawn = sorted(
        found for _ in range(RESAMPLES) if (found := measure(chosen.choices(outcomes, k=len(outcomes)))) is not None
    )
    return Share(value, drawn[int(_EDGE * len(drawn))], drawn[int((1 - _EDGE) * len(drawn)) - 1])
