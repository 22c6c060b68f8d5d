"""Groups in vectors that were planted there, and none where there are none."""

import time
import tracemalloc
from uuid import UUID

import numpy as np
import pytest

from insights_worker.themes import clusters
from insights_worker.themes.clusters import MOST_THEMES, find_clusters
from insights_worker.themes.middles import Middles
from insights_worker.themes.words import telling_words


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def planted(dice, sizes, *, noise=0.0, dimension=64, spread=0.6):
    """Rows around as many directions as there are sizes, then as many without any; and which is whose."""
    middles = dice.normal(size=(len(sizes), dimension))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    rows = middles[owners] + spread * dice.normal(size=(len(owners), dimension)) / np.sqrt(dimension)
    stray = dice.normal(size=(int(noise * len(owners)), dimension))
    rows = np.concatenate([rows, stray])
    return unit(rows), owners


@pytest.mark.parametrize("sizes", [[40, 40], [60, 30, 10], [25, 20, 20, 15, 12, 8]])
def test_what_was_planted_is_found(sizes):
    rows, owners = planted(np.random.default_rng(3), sizes)
    found = find_clusters(rows)
    assert [len(cluster.members) for cluster in found] == sorted(sizes, reverse=True)
    for cluster in found:
        assert len({owners[row] for row in cluster.members}) == 1


def test_the_most_typical_come_first():
    rows, _ = planted(np.random.default_rng(4), [30, 30])
    for cluster in find_clusters(rows):
        middle = rows[list(cluster.members)].sum(axis=0)
        nearness = rows[list(cluster.members)] @ middle
        assert list(nearness) == sorted(nearness, reverse=True)


@pytest.mark.parametrize("n", [8, 30, 200, 1000])
def test_noise_has_no_groups(n):
    rows = np.random.default_rng(n).normal(size=(n, 384))
    assert find_clusters(unit(rows)) == []


def test_strays_do_not_hide_the_groups():
    rows, owners = planted(np.random.default_rng(6), [40, 30], noise=0.5)
    found = find_clusters(rows)
    large = [cluster for cluster in found if len(cluster.members) >= 25]
    assert len(large) == 2
    for cluster in large:
        inside = [owners[row] for row in cluster.members if row < len(owners)]
        assert max(inside.count(0), inside.count(1)) / len(inside) > 0.95


def test_the_same_vectors_make_the_same_groups_and_equal_ones_do_no_harm():
    rows, _ = planted(np.random.default_rng(7), [20, 15, 10])
    assert find_clusters(rows) == find_clusters(rows.copy())
    assert len(find_clusters(np.tile(rows[:1], (20, 1)))) <= 1
    assert find_clusters(rows[:2]) == []
    assert find_clusters(np.zeros((12, 8), dtype=np.float32)) == []


def test_five_thousand_are_grouped_in_seconds():
    rows, _ = planted(np.random.default_rng(8), [900] * 5, noise=0.11, dimension=384)
    began_s = time.perf_counter()
    found = find_clusters(rows)
    assert time.perf_counter() - began_s < 30, "about 4 s on two idle cores"
    assert 5 <= len(found) <= MOST_THEMES


def test_an_entry_of_many_passages_lies_in_their_middle():
    one, two, three = (UUID(int=number) for number in (1, 2, 3))
    middles = Middles([three, two, one], 2)
    for entry_id, vector in ((three, [0.0, 2.0]), (one, [1.0, 0.0]), (one, [0.0, 1.0])):
        middles.add(entry_id, vector)
    ids, (first, last) = middles.found()
    assert ids == [one, three], "in one order, and without those of which the index has nothing"
    assert first == pytest.approx([0.5**0.5, 0.5**0.5])
    assert last == pytest.approx([0.0, 1.0])


def test_what_is_taken_in_blocks_is_the_same_as_the_whole(monkeypatch):
    rows, _ = planted(np.random.default_rng(9), [30, 25, 20], noise=0.2)
    whole = find_clusters(rows)
    monkeypatch.setattr(clusters, "_BLOCK", 7)
    assert [cluster.members for cluster in find_clusters(rows)] == [cluster.members for cluster in whole]


def test_thousands_of_entries_are_grouped_in_little_more_room_than_their_middles_take():
    entries, dimension = 6_000, 256
    tracemalloc.start()
    try:
        middles = Middles([UUID(int=number) for number in range(entries)], dimension)
        dice = np.random.default_rng(10)
        for number in range(entries):
            middles.add(UUID(int=number), dice.normal(size=dimension).tolist())
        _, rows = middles.found()
        find_clusters(rows)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2.5 * rows.nbytes


def test_telling_words_are_those_that_the_others_do_not_have():
    inside = ["Nora baked bread today", "bread with Nora today", "more bread today"]
    words, none = telling_words([inside, ["..."]], [*inside, *["rain today"] * 6])
    assert words.startswith("bread, nora")
    assert none == "…"
