"""Where entries lie in meaning: the middle of the vectors of each one's passages."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np

from insights_worker.themes.clusters import Floats


class Middles:
    """Gathered passage by passage, in one array: four bytes a number, however many passages an entry has."""

    def __init__(self, entry_ids: Iterable[UUID], dimension: int) -> None:
        # In one order, whatever the index's: the same entries make the same groups.
        self._ids = sorted(entry_ids)
        self._rows = {entry_id: row for row, entry_id in enumerate(self._ids)}
        self._sums: Floats = np.zeros((len(self._ids), dimension), dtype=np.float32)
        self._counts = np.zeros(len(self._ids), dtype=np.int64)

    def add(self, entry_id: UUID, vector: Sequence[float]) -> None:
        """`vector`: `(dimension,)`."""
        row = self._rows[entry_id]
        self._sums[row] += np.asarray(vector, dtype=np.float32)
        self._counts[row] += 1

    def found(self) -> tuple[list[UUID], Floats]:
        """The entries of which something was added, and their middles, of length 1: `(entries, dimension)`."""
        there = np.flatnonzero(self._counts)
        rows = self._sums if len(there) == len(self._ids) else self._sums[there]
        # In place, and no square of each number: a second array of them may be a hundred megabytes.
        rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None], 1e-12)
        return [self._ids[row] for row in there], rows
