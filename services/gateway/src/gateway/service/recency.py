"""The boost of recent entries, where a search asks for it."""

from datetime import datetime, timedelta

from contracts.search import Recency


def recency_factor(recency: Recency, written_at: datetime, now: datetime) -> float:
    """What a score is multiplied by: 1 for now, `1 - weight / 2` after one half-life, never less than `1 - weight`."""
    age_days = max(0.0, (now - written_at) / timedelta(days=1))
    # Half-lives beyond a thousand would be 0 all the same, and none may overflow.
    half_lives = min(1000.0, age_days / recency.half_life_days)
    return 1 - recency.weight * (1 - 0.5**half_lives)
