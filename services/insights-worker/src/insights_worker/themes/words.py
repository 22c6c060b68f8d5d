"""A theme's most telling words, for where the model has no name for it."""

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
_SHOWN = 3


def telling_words(inside: Sequence[str], everywhere: Sequence[str]) -> str:
    """Words that stand in more of the texts `inside` than of those `everywhere`, the most telling first."""
    within, around = _spread(inside), _spread(everywhere)
    ranked = sorted(within, key=lambda word: (around.get(word, 0.0) - within[word], word))
    return ", ".join(ranked[:_SHOWN]) or "…"


def _spread(texts: Sequence[str]) -> dict[str, float]:
    """The share of the texts in which each word stands."""
    counts = Counter(word for text in texts for word in {found.lower() for found in _WORD.findall(text)})
    return {word: count / len(texts) for word, count in counts.items()}
