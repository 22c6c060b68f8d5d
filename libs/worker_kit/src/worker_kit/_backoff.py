"""Exponential backoff with full jitter.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """The n-th wait (from 0) is uniform in [0, min(cap_s, base_s * 2**n)]."""

    base_s: float = 2.0
    cap_s: float = 300.0
    #: After so long the work is given up.
    give_up_s: float = 24 * 3600.0

    def delay_s(self, attempt: int, *, uniform: Callable[[float, float], float] = random.uniform) -> float:
        return uniform(0.0, self.ceiling_s(attempt))

    def ceiling_s(self, attempt: int) -> float:
        # 2**attempt overflows a float long after the cap was reached.
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt, 60))
