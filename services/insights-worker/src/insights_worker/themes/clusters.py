"""Groups of vectors that point the same way: spherical k-means, and how many groups there are.

Chosen over agglomerative clustering, which needs every pair: 5,000 entries are 12.5 million. Everything is seeded, so
that the same entries make the same groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Half the time of double precision, and more digits than an embedding has.
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: A group of fewer is no theme.
SMALLEST = 3
MOST_THEMES = 8
_MOST_GROUPS = 15
_ROUNDS_MAX = 30
_STARTS = 4
#: How many groups there are shows in so many.
_SAMPLE = 600
_BLOCK = 1000
_SEED = 20260302
#: Mean silhouette of a group, -1..1. In vectors without any structure it is about 0 (docs/insights.md).
_COHERENT = 0.12


@dataclass(frozen=True)
class Cluster:
    #: Row numbers, the nearest to the middle first.
    members: tuple[int, ...]
    #: Mean cosine of its members with their middle.
    cohesion: float


def find_clusters(vectors: Floats) -> list[Cluster]:
    """The coherent groups of `vectors` `(n, dimension)`, rows of length 1, largest first. MOST_THEMES at most."""
    n = len(vectors)
    middles = _middles(vectors[np.random.default_rng(_SEED).permutation(n)[:_SAMPLE]])
    if middles is None:
        return []
    _, labels = _from_start(vectors, middles)
    silhouettes = _silhouettes(vectors, labels, len(middles))
    smallest = max(SMALLEST, n // 100)
    found = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    kept = [rows for rows in found if len(rows) >= smallest and silhouettes[rows].mean() >= _COHERENT]
    kept.sort(key=lambda rows: (-len(rows), int(rows[0])))
    return [_cluster(vectors, rows) for rows in kept[:MOST_THEMES]]


def _middles(sample: Floats) -> Floats | None:
    """Where the groups of a sample lie, for the number of groups that keeps them apart best."""
    best: tuple[float, Floats] | None = None
    for k in range(2, min(_MOST_GROUPS, len(sample) // SMALLEST) + 1):
        labels = _grouped(sample, k)
        score = float(_silhouettes(sample, labels, k).mean())
        if best is None or score > best[0]:
            best = score, _unit(_sums(sample, labels, k))
    return None if best is None else best[1]


def _cluster(vectors: Floats, rows: Ints) -> Cluster:
    members = vectors[rows]
    middle = _unit(members.sum(axis=0, keepdims=True))[0]
    nearness = members @ middle
    order = np.argsort(-nearness, kind="stable")
    return Cluster(tuple(int(row) for row in rows[order]), float(nearness.mean()))


def _grouped(vectors: Floats, k: int) -> Ints:
    """The best of some starts: a label for each row."""
    dice = np.random.default_rng(_SEED + k)
    results = [_from_start(vectors, _start(vectors, k, dice)) for _ in range(_STARTS)]
    return max(results, key=lambda result: result[0])[1]


def _start(vectors: Floats, k: int, dice: np.random.Generator) -> Floats:
    """Middles that lie apart. Source: https://dl.acm.org/doi/10.5555/1283383.1283494 (k-means++)."""
    chosen = [int(dice.integers(len(vectors)))]
    apart = 1 - vectors @ vectors[chosen[0]]
    while len(chosen) < k:
        weights = np.maximum(apart, 0.0).astype(np.float64) + 1e-12
        chosen.append(int(dice.choice(len(vectors), p=weights / weights.sum())))
        apart = np.minimum(apart, 1 - vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def _from_start(vectors: Floats, middles: Floats) -> tuple[float, Ints]:
    labels = np.full(len(vectors), -1)
    nearness = vectors @ middles.T
    for _ in range(_ROUNDS_MAX):
        nearest = nearness.argmax(axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        # A group that lost all its members keeps its middle.
        sums = np.where(_counts(labels, len(middles))[:, None] > 0, _sums(vectors, labels, len(middles)), middles)
        middles = _unit(sums)
        nearness = vectors @ middles.T
    return float(nearness.max(axis=1).sum()), labels


def _silhouettes(vectors: Floats, labels: Ints, k: int) -> npt.NDArray[np.floating]:
    """How much nearer each row is to its own group's middle than to the next: -1..1.

    The middle of its own group is that of the others in it. With itself in it, every row of a small group would be
    near, and noise would look like many small groups.
    """
    sums = _sums(vectors, labels, k)
    nearness = vectors @ _unit(sums).T
    rows = np.arange(len(vectors))
    own = np.concatenate([_apart(sums[labels[at]], vectors[at]) for at in _blocks(len(vectors))])
    nearness[rows, labels] = -np.inf
    nearness[:, _counts(labels, k) == 0] = -np.inf
    best_other = nearness.max(axis=1)
    next_best = np.where(np.isfinite(best_other), 1 - best_other, own)
    return (next_best - own) / np.maximum(np.maximum(own, next_best), 1e-12)


def _apart(sums: Floats, vectors: Floats) -> Floats:
    """From each row to the middle of the others of its group, whose sum it is in."""
    return 1 - np.einsum("ij,ij->i", _unit(sums - vectors), vectors)


def _blocks(n: int) -> Iterator[slice]:
    """What is made of whole rows, and not of a few numbers for each, is made of so many at a time."""
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))


def _sums(vectors: Floats, labels: Ints, k: int) -> Floats:
    belongs = np.zeros((len(vectors), k), dtype=np.float32)
    belongs[np.arange(len(vectors)), labels] = 1.0
    return belongs.T @ vectors


def _counts(labels: Ints, k: int) -> Ints:
    return np.bincount(labels, minlength=k)


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
