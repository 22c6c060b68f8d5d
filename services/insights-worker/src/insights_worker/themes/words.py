"""Themes' most telling words, for where the model has no name for one."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
_SHOWN = 3


def telling_words(groups: Sequence[Sequence[str]], everywhere: Sequence[str]) -> list[str]:
    """Of each group, words that stand in more of its texts than of those `everywhere`, the most telling first."""
    around = _spread(everywhere)
    return [_told(_spread(texts), around) for texts in groups]


def _told(within: Mapping[str, float], around: Mapping[str, float]) -> str:
    ranked = sorted(within, key=lambda word: (around.get(word, 0.0) - within[word], word))
    return ", ".join(ranked[:_SHOWN]) or "…"


def _spread(texts: Sequence[str]) -> dict[str, float]:
    """The share of the texts in which each word stands."""
    counts = Counter(word for text in texts for word in {found.lower() for found in _WORD.findall(text)})
    return {word: count / len(texts) for word, count in counts.items()}
