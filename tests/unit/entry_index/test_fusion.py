"""Two rankings become one, as a table."""

import uuid

import pytest

from entry_index import EntryHit
from entry_index._search import STRONG_BM25_PER_WORD, fuse

IDS = [uuid.UUID(int=number) for number in range(6)]
STRONG = 2 * STRONG_BM25_PER_WORD


def hits(scores, chunk=0):
    """In descending order of `scores`: of each entry's number, its score."""
    return [EntryHit(IDS[each], 1, score, chunk, 0, 9) for each, score in scores.items()]


def order(fused):
    return [IDS.index(hit.entry_id) for hit in fused]


@pytest.mark.parametrize(
    ("near", "worded", "fused"),
    [
        ({1: 0.9, 2: 0.3}, {}, [1, 2]),
        ({}, {1: STRONG, 2: 1.0}, [1, 2]),
        # Found well by both beats the best of either.
        ({1: 0.9, 3: 0.7, 4: 0.1}, {2: STRONG, 3: 0.9 * STRONG}, [3, 2, 1, 4]),
        # Of equals, words win.
        ({1: 0.9, 3: 0.1}, {2: STRONG}, [2, 1, 3]),
        # A poor match of words does not lift the farther of two over the nearer, even where these are all there is.
        ({1: 0.5, 2: 0.1}, {2: STRONG_BM25_PER_WORD / 4}, [1, 2]),
        ({1: 0.5, 2: 0.48, 3: 0.0}, {2: STRONG_BM25_PER_WORD / 4}, [2, 1, 3]),
        # One entry, or several equally near, are all the nearest.
        ({1: 0.5, 2: 0.5}, {2: 0.1}, [2, 1]),
    ],
)
def test_the_best_of_two_rankings_comes_first(near, worded, fused):
    assert order(fuse(hits(near), hits(worded), query_words=1)) == fused


def test_one_word_of_many_is_a_poor_match():
    near, worded = hits({1: 0.9, 3: 0.1}), hits({2: STRONG})
    assert order(fuse(near, worded, query_words=2)) == [2, 1, 3]
    assert order(fuse(near, worded, query_words=9)) == [1, 2, 3]


def test_the_first_of_both_scores_one_and_shows_what_its_score_was_made_of():
    first, second, third = fuse(hits({1: 0.9, 2: 0.5, 3: 0.1}), hits({1: STRONG}), query_words=1)
    assert (first.score, first.dense, first.bm25) == (pytest.approx(1.0), 0.9, STRONG)
    assert (second.score, second.dense, second.bm25) == (pytest.approx(0.25), 0.5, None)
    assert (third.score, third.dense, third.bm25) == (0.0, 0.1, None)


def test_the_chunk_with_the_words_is_shown_unless_the_other_fits_better():
    near, worded = hits({1: 0.9, 2: 0.5, 3: 0.1}, chunk=4), hits({2: STRONG, 1: STRONG / 2}, chunk=7)
    assert {IDS.index(hit.entry_id): hit.chunk for hit in fuse(near, worded, query_words=1)} == {1: 4, 2: 7, 3: 4}
    (both,) = fuse(hits({1: 0.9}, chunk=4), hits({1: STRONG}, chunk=7), query_words=1)
    assert both.chunk == 7
